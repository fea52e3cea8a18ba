-- id, tenant, order, cast, units, grace -> ok | exists. The same order again is 'ok': the first reply was lost.
local id, tenant, order, cast, units, grace = unpack(ARGV)
local before = field(id, 'order')
if before then return { before == order and 'ok' or 'exists' } end
local seq = redis.call('INCR', P .. 'seq')
save(id, 'tenant', tenant, 'order', order, 'cast', cast, 'units', units, 'seq', seq, 'attempt', 0, 'token', 0)
redis.call('ZADD', listing(tenant), seq, id)
enqueue(id, now_ms())
redis.call('ZADD', UNCLAIMED, now_ms() + grace, id)
return { 'ok' }
