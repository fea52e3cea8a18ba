-- Taking turns: start-time fair queueing (Goyal, Vin and Cheng, 1996). Who wants a turn sits on a wheel with
-- a tag: the virtual time at which its next turn begins. The least tag is next, and the turn moves it on by
-- STRIDE / weight. The wheel's clock stands at the last turn's tag, and whoever joins begins there: it waits
-- for one turn of each other at most, and nobody saves turns up. Who leaves ahead of the clock finds its tag
-- again, until the wheel is empty.
local STRIDE = 1000000

local function wheel(name) return P .. 'wheel:' .. name end
local function spent(name) return P .. 'spent:' .. name end
local function clock(name) return P .. 'clock:' .. name end
local function tag_of(name, member) return tonumber(redis.call('ZSCORE', wheel(name), member)) end
local function stride(weight) return math.max(1, math.floor(STRIDE / (weight or 1) + 0.5)) end

local function join(name, member)
  if redis.call('ZSCORE', wheel(name), member) then return end
  local time = tonumber(redis.call('GET', clock(name)) or '0')
  local left_at = tonumber(redis.call('ZSCORE', spent(name), member) or '0')
  redis.call('ZADD', wheel(name), math.max(time, left_at), member)
  redis.call('ZREM', spent(name), member)
end

local function charge(name, member, weight)
  local tag = tag_of(name, member)
  redis.call('SET', clock(name), string.format('%.0f', tag))
  redis.call('ZADD', wheel(name), tag + stride(weight), member)
  redis.call('ZREMRANGEBYSCORE', spent(name), '-inf', tag)
end

local function leave(name, member)
  local tag = tag_of(name, member)
  redis.call('ZREM', wheel(name), member)
  if not is(wheel(name)) then
    redis.call('DEL', spent(name), clock(name))
  elseif tag > tonumber(redis.call('GET', clock(name)) or '0') then
    redis.call('ZADD', spent(name), tag, member)
  end
end

-- Wheels: the tenants of a line, and the classes of a cast.
local function of_line(name) return 'line:' .. name end
local function of_cast(cast) return 'cast:' .. cast end
