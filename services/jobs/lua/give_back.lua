-- id, token -> held | cancelled | lost. Giving back what is given back already is 'held'.
local id, token = ARGV[1], ARGV[2]
local word, now = standing(id, token), now_ms()
if word == 'held' then
  redis.call('HINCRBY', row(id), 'attempt', -1)
  redis.call('HSET', row(id), 'given', token)
  come_back(id, now, now)
elseif field(id, 'token') == token and field(id, 'given') == token then
  word = 'held'
end
return { word }
