-- The outbox: what is to be told of final jobs. A delivery is one event for one target. Deliveries to one origin
-- for one tenant stand in a lane and go one at a time, so that a receiver that hangs delays nobody else's.
local OUTBOX = KEYS[1] .. 'outbox'       -- lanes by when to look at them again
local OUTCOMES = KEYS[1] .. 'outcomes'   -- how tries ended, counted
local BUSY = KEYS[1] .. 'busy_lanes'     -- lanes with a try under way, with the delivery's id

local function lane_of(name) return KEYS[1] .. 'lane:' .. name end
local function delivery(one) return KEYS[1] .. 'delivery:' .. one end

-- When to look at a lane again: when its first delivery is due.
local function settle_lane(name)
  local first = redis.call('ZRANGE', lane_of(name), 0, 0, 'WITHSCORES')
  if first[1] then
    redis.call('ZADD', OUTBOX, first[2], name)
  else
    redis.call('ZREM', OUTBOX, name)
  end
end

-- The event of a job whose row has just become final, for each of its targets.
local function announce(row, now)
  local order = cjson.decode(redis.call('HGET', row, 'order'))
  if not order.webhooks or not order.webhooks[1] then return end
  local data, failure = { id = order.id }, redis.call('HGET', row, 'failure')
  if failure then
    local why = cjson.decode(failure)
    data.error = { code = why.code, message = why.message }
  end
  -- A job ends once: its id makes the event's.
  local event = 'evt_' .. string.gsub(order.id, '^video_', '')
  local body = cjson.encode({
    object = 'event', id = event, type = 'video.' .. redis.call('HGET', row, 'status'),
    created_at = math.floor(now / 1000), data = data,
  })
  for i, target in ipairs(order.webhooks) do
    local one, origin = event .. '.' .. i, string.match(target.url, '^%a+://[^/?]+')
    local name = order.tenant .. ' ' .. (origin or target.url)
    redis.call('HSET', delivery(one), 'event', event, 'job', order.id, 'of', target.of, 'url', target.url,
      'secret', type(target.secret) == 'string' and target.secret or '', 'body', body,
      'lane', name, 'tries', 0, 'token', 0)
    redis.call('ZADD', lane_of(name), now, one)
    if redis.call('HEXISTS', BUSY, name) == 0 then settle_lane(name) end
  end
end
