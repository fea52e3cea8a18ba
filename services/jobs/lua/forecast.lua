-- id, 'oldest:' and a tenant, or '', cast, sample, rules
-- -> rates, workers, works that run, works of the tenant's that run, groups ahead: count and some works;
--    how many of the tenant's own are ahead, and some of their works
-- (work: units, progress or '')
local id, cast, sample = ARGV[1], ARGV[2], tonumber(ARGV[3])
local rules = cjson.decode(ARGV[4])
local whose = string.match(id, '^oldest:(.*)$')
if whose then id = redis.call('ZRANGE', queued_of(whose), 0, 0)[1] or '' end
local tenant = field(id, 'tenant') or ''

-- As many workers as are busy with the cast.
local running, own_running, seen = {}, {}, redis.call('ZRANGE', RUNNING, 0, 4 * sample - 1)
for _, one in ipairs(seen) do
  if field(one, 'cast') == cast then
    running[#running + 1] = { field(one, 'units'), field(one, 'progress') or '' }
    if field(one, 'tenant') == tenant then own_running[#own_running + 1] = running[#running] end
  end
end
local workers = math.ceil(#running * redis.call('ZCARD', RUNNING) / math.max(1, #seen))

local position, groups, own = ahead(id, rules)
local found, own_works = {}, {}
local every = math.ceil(#(groups or {}) / sample)
for i, group in ipairs(groups or {}) do
  local most = i % every == 0 and math.ceil(sample * group[1] / position) or 0
  found[i] = { group[1], most > 0 and works(group[2], math.min(group[1], most)) or {} }
end
if own and own > 0 then own_works = works(waiting(line_of(id), tenant), math.min(own, sample)) end
local rates = redis.call('HGETALL', P .. 'rates:' .. cast)
return { rates, workers, running, own_running, found, own or 0, own_works }
