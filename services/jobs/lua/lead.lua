-- who, for how long -> leads | follows
local me, ttl = ARGV[1], tonumber(ARGV[2])
local lock = P .. 'leader'
local leader = redis.call('GET', lock)
if leader and leader ~= me then return { 'follows' } end
redis.call('SET', lock, me, 'PX', ttl)
return { 'leads' }
