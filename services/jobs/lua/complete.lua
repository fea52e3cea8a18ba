-- id, token, result, expires -> held | cancelled | lost. The same result again is 'held'.
local id, token, result, expires = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local word = standing(id, token)
if word == 'held' then
  finish(id, now_ms(), expires, 'status', 'completed', 'result', result)
elseif field(id, 'token') == token and field(id, 'result') == result then
  word = 'held'
end
return { word }
