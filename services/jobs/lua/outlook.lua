-- sample, rules -> JSON: all that decides who is taken when, but for what never changes of a job (facts.lua).
-- Empty lists are written {}.
local sample, rules = tonumber(ARGV[1]), cjson.decode(ARGV[2])

local rates, lines, steps = {}, {}, {}

local function progress(ids)
  local found = {}
  for i, id in ipairs(ids) do
    local cast = field(id, 'cast')
    if cast and not rates[cast] then rates[cast] = redis.call('HGETALL', P .. 'rates:' .. cast) end
    found[i] = { id, field(id, 'progress') or '' }
  end
  return found
end

for _, name in ipairs(redis.call('SMEMBERS', LINES)) do
  local cast, class = string.match(name, '^(.*)%.(.-)$')
  lines[name] = {
    tag = redis.call('ZSCORE', wheel(of_cast(cast)), class),
    step = stride(rules.shares[class]),
    begun = progress(redis.call('ZRANGE', begun(name), 0, -1)),
    wheel = redis.call('ZRANGE', wheel(of_line(name)), 0, -1, 'WITHSCORES'),
  }
  rates[cast] = redis.call('HGETALL', P .. 'rates:' .. cast)
end
for tenant, weight in pairs(rules.weights) do steps[tenant] = stride(weight) end
return { cjson.encode({
  pending = redis.call('ZRANGE', PENDING, 0, -1),
  paused = progress(redis.call('ZRANGE', PAUSED, 0, -1)),
  running = redis.call('ZCARD', RUNNING),
  seen = progress(redis.call('ZRANGE', RUNNING, 0, sample - 1)),
  rates = rates,
  lines = lines,
  steps = steps,
  step = stride(),
}) }
