-- who, for how long -> leads | follows. A lock that lasts longer is from before the clock was set back.
local me, ttl = ARGV[1], tonumber(ARGV[2])
local lock = P .. 'leader'
local leader = redis.call('GET', lock)
if leader and leader ~= me and redis.call('PTTL', lock) <= ttl then return { 'follows' } end
redis.call('SET', lock, me, 'PX', ttl)
return { 'leads' }
