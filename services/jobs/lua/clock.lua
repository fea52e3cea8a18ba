-- Redis's clock may be set. A sweep that comes before the last one, or a whole lease after it, shows that it was;
-- or that Redis, or every sweeper, was away. In any case no holder can be blamed for a lease that ran out.
local SWEPT = P .. 'swept' -- when the last sweep was
local SLACK = 1000

-- The lease of every running job begins anew, but only once until its holder is heard again, or one who is
-- dead would be waited for as long as the clock is odd. -> ids of those
local function begin_anew(now, lease)
  local spared = {}
  for _, id in ipairs(redis.call('ZRANGE', RUNNING, 0, -1)) do
    local till = now + (tonumber(field(id, 'lease')) or lease)
    local first = redis.call('HSETNX', row(id), 'spared', 1) == 1
    if first or tonumber(redis.call('ZSCORE', RUNNING, id)) > till then
      redis.call('ZADD', RUNNING, till, id)
      spared[#spared + 1] = id
    end
  end
  return spared
end

local function move(set, by)
  for _, one in ipairs(redis.call('ZRANGE', set, 0, -1)) do redis.call('ZINCRBY', set, by, one) end
end

-- Notes the time of a sweep. What waits for a time goes back with the clock. -> ids whose lease begins anew
local function watch_clock(now, lease)
  local last = tonumber(redis.call('GET', SWEPT) or now)
  redis.call('SET', SWEPT, string.format('%.0f', now))
  if now > last - SLACK and now < last + lease then return {} end
  if now < last then
    for _, name in ipairs(redis.call('ZRANGE', OUTBOX, 0, -1)) do move(lane_of(name), now - last) end
    for _, set in ipairs({ PAUSED, OUTBOX, GRAVES }) do move(set, now - last) end
  end
  return begin_anew(now, lease)
end
