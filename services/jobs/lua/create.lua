-- id, tenant, order, cast, class, units, kind ('key', 'retry' or ''), slot, print, window, rules
-- -> ok | replay, row | exists | mismatch | gone | full, tenant or all
-- The same order again is 'ok': the first reply was lost.
local id, tenant, order, cast, class, units, kind, slot, print = unpack(ARGV)
local window, rules = tonumber(ARGV[10]), cjson.decode(ARGV[11])

local before = field(id, 'order')
if before == order then return { 'ok' } end
if before then
  local is_retry = kind == 'retry' and field(id, 'tenant') == tenant
  return is_retry and { 'replay', all(id) } or { 'exists' }
end
local known = kind == 'key' and of_key(slot, print)
if known then return known end
if redis.call('ZCARD', PENDING) >= rules.max_queued then return { 'full', 'all' } end
if redis.call('ZCARD', queued_of(tenant)) >= rules.max_queued_per_tenant then return { 'full', 'tenant' } end

local seq = redis.call('INCR', P .. 'seq')
save(id, 'tenant', tenant, 'order', order, 'cast', cast, 'class', class, 'units', units, 'seq', seq,
  'attempt', 0, 'token', 0)
redis.call('ZADD', listing(tenant), seq, id)
line_up(id)
if kind == 'key' then
  redis.call('HDEL', record(slot), 'holder')
  redis.call('HSET', record(slot), 'print', print, 'job', id)
  redis.call('PEXPIRE', record(slot), window)
elseif kind == 'retry' then
  redis.call('ZADD', made(slot), redis.call('ZSCORE', open(slot), id) or 0, id)
  redis.call('ZREM', open(slot), id)
  redis.call('PEXPIRE', made(slot), window)
end
return { 'ok' }
