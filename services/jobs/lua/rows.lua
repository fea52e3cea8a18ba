-- Changes of state that several steps share.

local function save(id, ...)
  redis.call('HSET', row(id), ...)
  redis.call('HINCRBY', row(id), 'version', 1)
end

-- What a worker's token is worth: 'held', 'cancelled' or 'lost'.
local function standing(id, token)
  if field(id, 'token') ~= token then return 'lost' end
  if field(id, 'cancelled') then return 'cancelled' end
  return field(id, 'status') == 'in_progress' and 'held' or 'lost'
end

local function unlease(id)
  redis.call('HDEL', row(id), 'holder', 'spared')
  redis.call('ZREM', RUNNING, id)
  redis.call('ZREM', running_of(field(id, 'tenant')), id)
end

local function enqueue(id)
  local seq = field(id, 'seq')
  save(id, 'status', 'queued')
  redis.call('ZADD', PENDING, seq, id)
  redis.call('ZADD', queued_of(field(id, 'tenant')), seq, id)
end

-- A new job takes its turns with others.
local function line_up(id)
  local tenant, cast, class = field(id, 'tenant'), field(id, 'cast'), class_of(id)
  local name = line(cast, class)
  enqueue(id)
  redis.call('ZADD', waiting(name, tenant), field(id, 'seq'), id)
  redis.call('SADD', LINES, name)
  join(of_line(name), tenant)
  join(of_cast(cast), class)
end

-- One that was begun had its turn: it goes before all new ones.
local function resume(id)
  local name = line_of(id)
  redis.call('ZREM', PAUSED, id)
  redis.call('ZADD', begun(name), field(id, 'seq'), id)
  redis.call('SADD', LINES, name)
end

local function come_back(id, now, due)
  unlease(id)
  enqueue(id)
  if due > now then redis.call('ZADD', PAUSED, due, id) else resume(id) end
end

local function end_pauses(now)
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', PAUSED, '-inf', now, 'LIMIT', 0, 100)) do resume(id) end
end

local function unqueue(id)
  if redis.call('ZREM', PENDING, id) == 0 then return end
  local tenant, cast, class = field(id, 'tenant'), field(id, 'cast'), class_of(id)
  local name = line(cast, class)
  redis.call('ZREM', queued_of(tenant), id)
  redis.call('ZREM', PAUSED, id)
  redis.call('ZREM', begun(name), id)
  if redis.call('ZREM', waiting(name, tenant), id) == 1 and not is(waiting(name, tenant)) then
    leave(of_line(name), tenant)
    if not is(wheel(of_line(name))) then leave(of_cast(cast), class) end
  end
  if not is(wheel(of_line(name))) and not is(begun(name)) then redis.call('SREM', LINES, name) end
end

local function finish(id, now, expires, ...)
  unqueue(id)
  unlease(id)
  save(id, 'completed_at', seconds(now), 'expires_at', seconds(expires), ...)
  redis.call('ZADD', EXPIRING, expires, id)
  announce(row(id), now)
end

local function fail(id, now, keep, failure)
  finish(id, now, now + keep, 'status', 'failed', 'failure', failure)
end

-- One more attempt ended without an end. How many in a row did so under this name and got no further than the
-- ones before: 0 where this one did.
local function in_vain(id, name)
  if number(id, 'reach') > number(id, 'from') then
    redis.call('HDEL', row(id), 'losses', 'setbacks')
    return 0
  end
  return redis.call('HINCRBY', row(id), name, 1)
end

-- The lease of a running job ran out. True where that was its last attempt.
local function lose(id, now, rules, keep)
  local losses, attempt = in_vain(id, 'losses'), number(id, 'attempt')
  local message
  if losses >= rules.max_attempts then
    message = 'the worker was lost ' .. losses .. ' times in a row while it made this video'
  elseif attempt >= rules.max_total_attempts then
    message = 'the worker was lost in the last of ' .. attempt .. ' attempts at this video'
  else
    come_back(id, now, now)
    return false
  end
  fail(id, now, keep, cjson.encode({ code = 'worker_lost', message = message }))
  return true
end

-- The row and every trace of it go; its files are removed at `due`.
local function bury(id, due)
  local tenant = field(id, 'tenant')
  unqueue(id)
  unlease(id)
  -- A client that deletes while it lists still asks for what comes after this id.
  redis.call('SET', gone(id), field(id, 'seq') .. ' ' .. tenant, 'EX', 3600)
  redis.call('DEL', row(id))
  redis.call('ZREM', listing(tenant), id)
  redis.call('ZREM', EXPIRING, id)
  redis.call('ZADD', GRAVES, due, id)
end
