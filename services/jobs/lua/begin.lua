-- kind ('key' or 'retry'), slot, print, own id, retry number, patience, window
-- -> go, id | replay, row | busy | mismatch | gone
local kind, slot, print, own = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local retry, patience, window = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])

-- A claim that lasts longer is from before the clock was set back.
local LONGEST_CLAIM = 60000

if kind == 'key' then
  local known = of_key(slot, print)
  if known then return known end
  local holder = redis.call('HGET', record(slot), 'holder')
  if holder and holder ~= own and redis.call('PTTL', record(slot)) <= LONGEST_CLAIM then return { 'busy' } end
  redis.call('HSET', record(slot), 'print', print, 'holder', own)
  redis.call('PEXPIRE', record(slot), patience)
  return { 'go', own }
end

-- Scores are the retry number, then the time.
local LEVEL = 1e13

-- The newest id in the set whose retry number is less than this one's, and that number.
local function newest(set)
  local found = redis.call('ZREVRANGEBYSCORE', set, '(' .. string.format('%.0f', retry * LEVEL), '-inf',
    'WITHSCORES', 'LIMIT', 0, 1)
  return found[1], math.floor(tonumber(found[2] or '-1') / LEVEL)
end

-- An id that was given to an attempt before this one: its number is likely to be one less. Of those alike one
-- without a row, since whoever was refused or cut off comes again for certain; whoever has a row may have
-- heard of it.
local function earlier()
  local id, level = newest(open(slot))
  local made_id, made_level = newest(made(slot))
  while made_id and not is(row(made_id)) do
    redis.call('ZREM', made(slot), made_id)
    made_id, made_level = newest(made(slot))
  end
  if made_id and (not id or made_level > level) then return made_id, made(slot) end
  return id, open(slot)
end

local id = redis.call('HGET', given(slot), own)
if not id then
  local set
  if retry > 0 then id, set = earlier() end
  if not id then id, set = own, open(slot) end
  redis.call('ZADD', set, retry * LEVEL + now_ms(), id)
  redis.call('HSET', given(slot), own, id)
  redis.call('PEXPIRE', open(slot), patience)
  redis.call('PEXPIRE', made(slot), window)
  redis.call('PEXPIRE', given(slot), window)
end
if is(row(id)) then return { 'replay', all(id) } end
return { 'go', id }
