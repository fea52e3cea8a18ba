-- -> how many deliveries are not ended
local number = 0
for _, name in ipairs(redis.call('ZRANGE', OUTBOX, 0, -1)) do
  number = number + redis.call('ZCARD', lane_of(name))
end
return { number }
