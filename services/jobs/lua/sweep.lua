-- max_attempts, keep, head, first patience, longest patience, batch -> to publish, returned, lost, to collect
local max_attempts, keep, head = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local first, longest, batch = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local now = now_ms()
local publish, returned, lost = {}, {}, {}

local function due(set) return redis.call('ZRANGEBYSCORE', set, '-inf', now, 'LIMIT', 0, batch) end

for _, id in ipairs(due(RUNNING)) do
  local into = lose(id, now, max_attempts, keep) and lost or returned
  into[#into + 1] = id
end
-- Only the head of the queue: whoever is further back has an older message before it in the broker's queue,
-- and publishing all that wait again and again would flood it.
for _, id in ipairs(redis.call('ZRANGE', PENDING, 0, head - 1)) do
  if tonumber(redis.call('ZSCORE', UNCLAIMED, id)) <= now then
    local patience = math.min(longest, math.max(first, 2 * number(id, 'patience')))
    redis.call('HSET', row(id), 'patience', patience)
    redis.call('ZADD', UNCLAIMED, now + patience, id)
    publish[#publish + 1] = id
  end
end
for _, id in ipairs(due(EXPIRING)) do bury(id, now) end
return { publish, returned, lost, due(GRAVES) }
