-- id, tenant, keep, failure -> ok, row | final, status | missing
local id, tenant, keep, failure = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]
if field(id, 'tenant') ~= tenant then return { 'missing' } end
local status = field(id, 'status')
if status ~= 'queued' and status ~= 'in_progress' then return { 'final', status } end
redis.call('HSET', row(id), 'cancelled', 1)
fail(id, now_ms(), keep, failure)
return { 'ok', all(id) }
