-- id, token, lease, progress or '' -> held | cancelled | lost
local id, token, lease, progress = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]
local word = standing(id, token)
if word == 'held' then
  redis.call('ZADD', RUNNING, now_ms() + lease, id)
  if progress ~= '' then save(id, 'progress', progress) end
end
return { word }
