-- Words shared by all steps. KEYS[1] is the prefix of every key; times are milliseconds by Redis's own clock.
local P = KEYS[1]
local PENDING = P .. 'pending'      -- queued job ids by order of arrival
local RUNNING = P .. 'running'      -- job ids by the end of their lease
local PAUSED = P .. 'paused'        -- queued job ids by when their pause after a failure ends
local LINES = P .. 'lines'          -- lines that are not empty
local EXPIRING = P .. 'expiring'    -- final job ids by when their rows go
local GRAVES = P .. 'graves'        -- ids without a row by when to remove their files
local CLASSES = { 'interactive', 'batch' }

-- A line is a class of a cast. In it wait the jobs of each tenant, by arrival, and before them those that
-- were begun and came back.
local function line(cast, class) return cast .. '.' .. class end
local function waiting(name, tenant) return P .. 'waiting:' .. name .. ':' .. tenant end
local function begun(name) return P .. 'begun:' .. name end
local function calls(name) return P .. 'queue:' .. name end -- the broker's list of messages: see queue.py

local function queued_of(tenant) return P .. 'queued:' .. tenant end
local function running_of(tenant) return P .. 'running:' .. tenant end
local function row(id) return P .. 'job:' .. id end
local function listing(tenant) return P .. 'tenant:' .. tenant end
local function gone(id) return P .. 'gone:' .. id end
local function field(id, name) return redis.call('HGET', row(id), name) end
local function number(id, name) return tonumber(field(id, name) or '0') end
local function all(id) return redis.call('HGETALL', row(id)) end
-- Rows of the first version have no class.
local function class_of(id) return field(id, 'class') or CLASSES[1] end
local function line_of(id) return line(field(id, 'cast'), class_of(id)) end
local function is(key) return redis.call('EXISTS', key) == 1 end

local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function seconds(ms) return string.format('%.3f', ms / 1000) end
