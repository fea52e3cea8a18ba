-- slot, own id, patience -> ok. The request with the key is still being handled.
local slot, own, patience = ARGV[1], ARGV[2], tonumber(ARGV[3])
if redis.call('HGET', record(slot), 'holder') == own then redis.call('PEXPIRE', record(slot), patience) end
return { 'ok' }
