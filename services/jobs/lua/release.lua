-- kind, slot, own id -> ok. The request was refused: its key, or its id, is free.
local kind, slot, own = ARGV[1], ARGV[2], ARGV[3]
if kind == 'key' then
  if redis.call('HGET', record(slot), 'holder') == own then redis.call('DEL', record(slot)) end
else
  redis.call('ZREM', open(slot), own)
end
return { 'ok' }
