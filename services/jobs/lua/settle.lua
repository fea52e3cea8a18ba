-- id, token, outcome, wait, keep, error -> ok | lost
-- outcome: 'retry' after `wait`, or 'delivered', 'gone', 'given_up', which end it. What was given up is kept for
-- a time, to be looked at.
local one, token, outcome = ARGV[1], ARGV[2], ARGV[3]
local wait, keep, why = tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6]
local key = delivery(one)
if redis.call('HGET', key, 'token') ~= token then return { 'lost' } end
local now, name, id = now_ms(), redis.call('HGET', key, 'lane'), redis.call('HGET', key, 'job')
-- No token is valid any more: the same call again, after a lost reply, changes nothing.
redis.call('HINCRBY', key, 'token', 1)
if outcome == 'retry' then
  redis.call('HSET', key, 'error', why)
  redis.call('ZADD', lane_of(name), now + wait, one)
else
  redis.call('ZREM', lane_of(name), one)
  if redis.call('HGET', key, 'of') == 'job' and field(id, 'order') then save(id, 'told', outcome) end
  if outcome == 'given_up' then
    redis.call('HSET', key, 'error', why)
    redis.call('PEXPIRE', key, keep)
  else
    redis.call('DEL', key)
  end
end
redis.call('HINCRBY', OUTCOMES, outcome, 1)
if redis.call('HGET', BUSY, name) == one then
  redis.call('HDEL', BUSY, name)
  settle_lane(name)
end
return { 'ok' }
