-- id, token, failure, max_attempts, keep, delay -> held | cancelled | lost. The same retry again is 'held'.
local id, token, failure = ARGV[1], ARGV[2], ARGV[3]
local max_attempts, keep, delay = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local word, attempt = standing(id, token), number(id, 'attempt')
if word == 'held' then
  redis.call('HSET', row(id), 'given', token)
  if attempt >= max_attempts then
    fail(id, now_ms(), keep, failure)
  else
    enqueue(id, now_ms() + delay * 2 ^ (attempt - 1))
  end
elseif field(id, 'token') == token and field(id, 'given') == token then
  word = 'held'
end
return { word }
