-- Who will be taken before a queued job, if nobody else comes and no tenant stands at its cap of running
-- jobs. Tags alone decide that, so it is counted and not played through.

-- How many turns of a member, whose next has `tag`, come before `other`: those at less, and those at `other`
-- itself if `ties`.
local function turns_before(tag, step, other, ties)
  if ties then return math.max(0, math.floor((other - tag) / step) + 1) end
  return math.max(0, math.ceil((other - tag) / step))
end

local function works(key, most)
  local found = {}
  for i, id in ipairs(redis.call('ZRANGE', key, 0, most - 1)) do
    found[i] = { field(id, 'units'), field(id, 'progress') or '' }
  end
  return found
end

-- How many turns each of the members has at or before `at`, and all together.
local function turns_until(members, at)
  local sum, counts = 0, {}
  for i, one in ipairs(members) do
    counts[i] = math.min(one.count, turns_before(one.tag, one.step, at, true))
    sum = sum + counts[i]
  end
  return sum, counts
end

-- The first `number` jobs of a line, as groups. The time at which so many have had their turn is found by
-- halving; of turns at that very time, those of who waits longest.
local function first_jobs(name, rules, number)
  local members, low, high = {}, -1, 0
  local tags = redis.call('ZRANGE', wheel(of_line(name)), 0, -1, 'WITHSCORES')
  for i = 1, #tags, 2 do
    local key, step = waiting(name, tags[i]), stride(rules.weights[tags[i]])
    local one = { tag = tonumber(tags[i + 1]), step = step, key = key, count = redis.call('ZCARD', key) }
    members[#members + 1] = one
    high = math.max(high, one.tag + one.step * one.count)
  end
  while high - low > 1 do
    local middle = math.floor((low + high) / 2)
    if turns_until(members, middle) < number then low = middle else high = middle end
  end
  local sum, counts = turns_until(members, low)
  local _, more = turns_until(members, high)
  local tied = {}
  for i, one in ipairs(members) do
    if more[i] > counts[i] then
      tied[#tied + 1] = { i, tonumber(redis.call('ZRANGE', one.key, counts[i], counts[i], 'WITHSCORES')[2]) }
    end
  end
  table.sort(tied, function(a, b) return a[2] < b[2] end)
  for place = 1, math.min(#tied, number - sum) do counts[tied[place][1]] = counts[tied[place][1]] + 1 end
  local groups = {}
  for i, one in ipairs(members) do
    if counts[i] > 0 then groups[#groups + 1] = { counts[i], one.key } end
  end
  return groups
end

local function begun_ahead(id, cast, class, seq)
  local groups = {}
  for _, one in ipairs(CLASSES) do
    local key = begun(line(cast, one))
    local count = redis.call('ZCARD', key)
    if seq and one == class then count = redis.call('ZCOUNT', key, '-inf', '(' .. seq) end
    if count > 0 then groups[#groups + 1] = { count, key } end
    if seq and one == class then break end
  end
  return groups
end

local function tenants_ahead(id, name, tenant, rules)
  local key = waiting(name, tenant)
  local own, seq = redis.call('ZRANK', key, id), number(id, 'seq')
  local at = tag_of(of_line(name), tenant) + own * stride(rules.weights[tenant])
  local groups = {}
  if own > 0 then groups[1] = { own, key } end
  local tags = redis.call('ZRANGEBYSCORE', wheel(of_line(name)), '-inf', at, 'WITHSCORES')
  for i = 1, #tags, 2 do
    local other, tag, step = tags[i], tonumber(tags[i + 1]), stride(rules.weights[tags[i]])
    if other ~= tenant then
      local theirs = waiting(name, other)
      local count = turns_before(tag, step, at, false)
      local total = redis.call('ZCARD', theirs)
      if (at - tag) % step == 0 and count < total then
        local tied = redis.call('ZRANGE', theirs, count, count, 'WITHSCORES')
        if tonumber(tied[2]) < seq then count = count + 1 end
      end
      count = math.min(count, total)
      if count > 0 then groups[#groups + 1] = { count, theirs } end
    end
  end
  return groups, own
end

local function count(groups)
  local sum = 0
  for _, group in ipairs(groups) do sum = sum + group[1] end
  return sum
end

local function classes_ahead(cast, class, own, rules)
  local groups = {}
  local at = tag_of(of_cast(cast), class) + own * stride(rules.shares[class])
  local before = true
  for _, other in ipairs(CLASSES) do
    local tag = tag_of(of_cast(cast), other)
    if other == class then
      before = false
    elseif tag then
      local turns = turns_before(tag, stride(rules.shares[other]), at, before)
      if turns > 0 then groups = first_jobs(line(cast, other), rules, turns) end
    end
  end
  return groups
end

-- -> how many, and of them groups: count, a set of ids they are among; and how many are the tenant's own. Nil
-- where the job is not queued.
local function ahead(id, rules)
  if field(id, 'status') ~= 'queued' then return nil end
  local tenant, cast, class = field(id, 'tenant'), field(id, 'cast'), class_of(id)
  local name = line(cast, class)
  if not redis.call('ZSCORE', waiting(name, tenant), id) then
    local groups = begun_ahead(id, cast, class, field(id, 'seq'))
    return count(groups), groups, 0
  end
  local groups = begun_ahead(id, cast)
  local tenants, own = tenants_ahead(id, name, tenant, rules)
  for _, group in ipairs(classes_ahead(cast, class, count(tenants), rules)) do tenants[#tenants + 1] = group end
  for _, group in ipairs(tenants) do groups[#groups + 1] = group end
  return count(groups), groups, own
end
