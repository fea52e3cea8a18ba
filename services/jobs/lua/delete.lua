-- id, tenant, linger -> ok, row | missing
local id, tenant, linger = ARGV[1], ARGV[2], tonumber(ARGV[3])
if field(id, 'tenant') ~= tenant then return { 'missing' } end
local last = all(id)
bury(id, now_ms() + linger)
return { 'ok', last }
