-- id, cast, sample -> rates, position or -1, running, work of running jobs, work of jobs ahead
-- (work: units, progress or '')
local id, cast, sample = ARGV[1], ARGV[2], tonumber(ARGV[3])

local function work(ids)
  local found = {}
  for i, one in ipairs(ids) do found[i] = { field(one, 'units'), field(one, 'progress') or '' } end
  return found
end

local position = redis.call('ZRANK', PENDING, id) or -1
local ahead = position > 0 and redis.call('ZRANGE', PENDING, 0, math.min(position, sample) - 1) or {}
local running = redis.call('ZRANGE', RUNNING, 0, sample - 1)
local rates = redis.call('HGETALL', P .. 'rates:' .. cast)
return { rates, position, redis.call('ZCARD', RUNNING), work(running), work(ahead) }
