-- Words shared by all steps. KEYS[1] is the prefix of every key; times are milliseconds by Redis's own clock.
local P = KEYS[1]
local PENDING = P .. 'pending'      -- job ids by order of arrival
local RUNNING = P .. 'running'      -- job ids by the end of their lease
local UNCLAIMED = P .. 'unclaimed'  -- queued job ids by when to publish them again
local EXPIRING = P .. 'expiring'    -- final job ids by when their rows go
local GRAVES = P .. 'graves'        -- ids without a row by when to remove their files

local function row(id) return P .. 'job:' .. id end
local function listing(tenant) return P .. 'tenant:' .. tenant end
local function gone(id) return P .. 'gone:' .. id end
local function field(id, name) return redis.call('HGET', row(id), name) end
local function number(id, name) return tonumber(field(id, name) or '0') end
local function all(id) return redis.call('HGETALL', row(id)) end

local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function seconds(ms) return string.format('%.3f', ms / 1000) end

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

local function enqueue(id, due)
  save(id, 'status', 'queued', 'due', due)
  redis.call('HDEL', row(id), 'holder', 'patience')
  redis.call('ZREM', RUNNING, id)
  redis.call('ZADD', PENDING, field(id, 'seq'), id)
  redis.call('ZADD', UNCLAIMED, due, id)
end

local function finish(id, now, expires, ...)
  save(id, 'completed_at', seconds(now), ...)
  redis.call('HDEL', row(id), 'holder', 'due', 'patience')
  redis.call('ZREM', RUNNING, id)
  redis.call('ZREM', PENDING, id)
  redis.call('ZREM', UNCLAIMED, id)
  redis.call('ZADD', EXPIRING, expires, id)
end

local function fail(id, now, keep, failure)
  finish(id, now, now + keep, 'status', 'failed', 'failure', failure)
end

-- The lease of a running job ran out. True where that was its last attempt.
local function lose(id, now, max_attempts, keep)
  if number(id, 'attempt') < max_attempts then
    enqueue(id, now)
    return false
  end
  local message = 'the worker was lost ' .. max_attempts .. ' times while it made this video'
  fail(id, now, keep, cjson.encode({ code = 'worker_lost', message = message }))
  return true
end

-- The row and every trace of it go; its files are removed at `due`.
local function bury(id, due)
  local tenant = field(id, 'tenant')
  -- A client that deletes while it lists still asks for what comes after this id.
  redis.call('SET', gone(id), field(id, 'seq') .. ' ' .. tenant, 'EX', 3600)
  redis.call('DEL', row(id))
  redis.call('ZREM', listing(tenant), id)
  for _, set in ipairs({ PENDING, RUNNING, UNCLAIMED, EXPIRING }) do redis.call('ZREM', set, id) end
  redis.call('ZADD', GRAVES, due, id)
end
