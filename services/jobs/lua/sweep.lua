-- keep, head, batch, lease, rules -> ids to send, their lines, returned, lost, to collect, spared
local keep, head, batch = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local lease, rules, now = tonumber(ARGV[4]), cjson.decode(ARGV[5]), now_ms()
local send, to = {}, {}

local function due(set) return redis.call('ZRANGEBYSCORE', set, '-inf', now, 'LIMIT', 0, batch) end

local spared = watch_clock(now, lease)
local returned, lost = {}, {}
for _, id in ipairs(due(RUNNING)) do
  local into = lose(id, now, rules, keep) and lost or returned
  into[#into + 1] = id
end
end_pauses(now)

-- The queue of the first version, which knew no lines. Its order is kept.
for _, id in ipairs(redis.call('ZRANGE', P .. 'unclaimed', 0, batch - 1)) do
  redis.call('ZREM', P .. 'unclaimed', id)
  if redis.call('ZSCORE', PENDING, id) then
    redis.call('ZADD', queued_of(field(id, 'tenant')), field(id, 'seq'), id)
    resume(id)
  end
end

-- Jobs of the line that may be taken now, `head` at most.
local function heads(name)
  local room = math.min(head, rules.max_running - redis.call('ZCARD', RUNNING))
  local ids = {}
  for _, id in ipairs(redis.call('ZRANGE', begun(name), 0, -1)) do
    if #ids < room and has_room(field(id, 'tenant'), rules) then ids[#ids + 1] = id end
  end
  for _, tenant in ipairs(redis.call('ZRANGE', wheel(of_line(name)), 0, -1)) do
    local left = rules.max_running_per_tenant - redis.call('ZCARD', running_of(tenant))
    local most = math.min(left, room - #ids)
    if most > 0 then
      for _, id in ipairs(redis.call('ZRANGE', waiting(name, tenant), 0, most - 1)) do ids[#ids + 1] = id end
    end
  end
  return ids
end

-- Any message wakes a worker for its whole line: while one is under way nobody is forgotten.
for _, name in ipairs(redis.call('SMEMBERS', LINES)) do
  if not is(calls(name)) then
    for _, id in ipairs(heads(name)) do send[#send + 1], to[#to + 1] = id, name end
  end
end
for _, id in ipairs(due(EXPIRING)) do bury(id, now) end
return { send, to, returned, lost, due(GRAVES), spared }
