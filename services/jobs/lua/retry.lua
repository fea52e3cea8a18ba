-- id, token, failure, keep, delay, longest delay, rules -> held | cancelled | lost. The same retry again is
-- 'held'.
local id, token, failure = ARGV[1], ARGV[2], ARGV[3]
local keep, delay, longest = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local rules, now = cjson.decode(ARGV[7]), now_ms()
local word = standing(id, token)
if word == 'held' then
  local setbacks = in_vain(id, 'setbacks')
  redis.call('HSET', row(id), 'given', token)
  if setbacks >= rules.max_retries or number(id, 'attempt') >= rules.max_total_attempts then
    fail(id, now, keep, failure)
  else
    come_back(id, now, now + math.min(longest, delay * 2 ^ math.max(0, setbacks - 1)))
  end
elseif field(id, 'token') == token and field(id, 'given') == token then
  word = 'held'
end
return { word }
