-- id, lease, max_attempts, keep, holder -> claimed, row | nothing
local id, holder = ARGV[1], ARGV[5]
local lease, max_attempts, keep = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local now, status = now_ms(), field(id, 'status')
if status == 'in_progress' then
  -- The same claim again: the first reply was lost on its way.
  if field(id, 'holder') == holder then return { 'claimed', all(id) } end
  if tonumber(redis.call('ZSCORE', RUNNING, id)) > now then return { 'nothing' } end
  if lose(id, now, max_attempts, keep) then return { 'nothing' } end
elseif status ~= 'queued' or number(id, 'due') > now then
  return { 'nothing' }
end
redis.call('HINCRBY', row(id), 'attempt', 1)
redis.call('HINCRBY', row(id), 'token', 1)
redis.call('HSETNX', row(id), 'started_at', seconds(now))
save(id, 'status', 'in_progress', 'holder', holder)
redis.call('ZREM', PENDING, id)
redis.call('ZREM', UNCLAIMED, id)
redis.call('ZADD', RUNNING, now + lease, id)
return { 'claimed', all(id) }
