-- id or '', cast, classes, lease, keep, holder, rules -> claimed, row | nothing
-- Without an id: whoever is next.
local id, cast, holder = ARGV[1], ARGV[2], ARGV[6]
local classes, rules = cjson.decode(ARGV[3]), cjson.decode(ARGV[7])
local lease, keep = tonumber(ARGV[4]), tonumber(ARGV[5])
local now, claims = now_ms(), P .. 'claim:' .. holder

-- The same claim again: the first reply was lost on its way.
local mine = id == '' and redis.call('GET', claims) or id
if field(mine, 'holder') == holder then return { 'claimed', all(mine) } end

end_pauses(now)
-- Else the sweep brings back what is on a dead lease.
if field(id, 'status') == 'in_progress' and tonumber(redis.call('ZSCORE', RUNNING, id)) <= now then
  if lose(id, now, rules, keep) then return { 'nothing' } end
end
if redis.call('ZCARD', RUNNING) >= rules.max_running then return { 'nothing' } end
if id == '' then
  id = next_of(cast, classes, rules)
elseif field(id, 'status') ~= 'queued' or redis.call('ZSCORE', PAUSED, id)
  or not has_room(field(id, 'tenant'), rules) then
  id = nil
end
if not id then return { 'nothing' } end

local tenant, name = field(id, 'tenant'), line_of(id)
if redis.call('ZSCORE', waiting(name, tenant), id) then
  charge(of_line(name), tenant, rules.weights[tenant])
  charge(of_cast(field(id, 'cast')), class_of(id), rules.shares[class_of(id)])
end
redis.call('HINCRBY', row(id), 'attempt', 1)
redis.call('HINCRBY', row(id), 'token', 1)
redis.call('HSETNX', row(id), 'started_at', seconds(now))
save(id, 'status', 'in_progress', 'holder', holder, 'from', number(id, 'reach'), 'lease', lease)
unqueue(id)
redis.call('ZADD', RUNNING, now + lease, id)
redis.call('ZADD', running_of(tenant), now, id)
if ARGV[1] == '' then redis.call('SET', claims, id, 'PX', 60000) end
return { 'claimed', all(id) }
