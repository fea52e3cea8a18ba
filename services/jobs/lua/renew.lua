-- id, token, lease, progress or '', reach -> held | cancelled | lost
local id, token, lease, progress = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]
local reach = tonumber(ARGV[5])
local word = standing(id, token)
if word == 'held' then
  redis.call('ZADD', RUNNING, now_ms() + lease, id)
  redis.call('HDEL', row(id), 'spared')
  if progress ~= '' then save(id, 'progress', progress) end
  if reach > number(id, 'reach') then redis.call('HSET', row(id), 'reach', ARGV[5]) end
end
return { word }
