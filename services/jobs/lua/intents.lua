-- Records of requests. By key: fingerprint, and the job or, before there is one, the holder. Without: the ids
-- given to like orders, by the greatest retry number that came for each; `open` ones have no row yet.
local function record(slot) return P .. 'key:' .. slot end
local function open(slot) return P .. 'open:' .. slot end
local function made(slot) return P .. 'made:' .. slot end
local function given(slot) return P .. 'given:' .. slot end

-- What became of the key; nil where nothing has yet.
local function of_key(slot, print)
  local known, job = redis.call('HGET', record(slot), 'print'), redis.call('HGET', record(slot), 'job')
  if not known then return nil end
  if known ~= print then return { 'mismatch' } end
  if job then return is(row(job)) and { 'replay', all(job) } or { 'gone' } end
end
