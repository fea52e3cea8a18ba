-- cast, weight, then pairs of stage and seconds per unit -> ok
local cast, weight = ARGV[1], tonumber(ARGV[2])
local rates = P .. 'rates:' .. cast
for i = 3, #ARGV, 2 do
  local new = tonumber(ARGV[i + 1])
  local old = tonumber(redis.call('HGET', rates, ARGV[i]) or new)
  redis.call('HSET', rates, ARGV[i], string.format('%.9g', old + weight * (new - old)))
end
return { 'ok' }
