-- lease -> taken, id, delivery | nothing
-- Taken again after its lease, if nobody settles it: the try counts.
local lease, now = tonumber(ARGV[1]), now_ms()
while true do
  local lane = redis.call('ZRANGE', OUTBOX, 0, 0, 'WITHSCORES')
  local name = lane[1]
  if not name or tonumber(lane[2]) > now then return { 'nothing' } end
  redis.call('HDEL', BUSY, name)
  local first = redis.call('ZRANGE', lane_of(name), 0, 0, 'WITHSCORES')
  if first[1] and tonumber(first[2]) <= now then
    local one = first[1]
    redis.call('HINCRBY', delivery(one), 'tries', 1)
    redis.call('HINCRBY', delivery(one), 'token', 1)
    redis.call('ZADD', lane_of(name), now + lease, one)
    redis.call('ZADD', OUTBOX, now + lease, name)
    redis.call('HSET', BUSY, name, one)
    return { 'taken', one, redis.call('HGETALL', delivery(one)) }
  end
  settle_lane(name)
end
