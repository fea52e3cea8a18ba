-- id, token, failure, keep -> held | cancelled | lost. The same failure again is 'held'.
local id, token, failure, keep = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local word = standing(id, token)
if word == 'held' then
  fail(id, now_ms(), keep, failure)
elseif field(id, 'token') == token and field(id, 'failure') == failure then
  word = 'held'
end
return { word }
