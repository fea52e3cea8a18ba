-- Who is next. `rules` caps running jobs and weighs tenants and classes.

local function has_room(tenant, rules)
  return redis.call('ZCARD', running_of(tenant)) < rules.max_running_per_tenant
end

local function first_begun(name, rules)
  for _, id in ipairs(redis.call('ZRANGE', begun(name), 0, -1)) do
    if has_room(field(id, 'tenant'), rules) then return id end
  end
end

-- The first job of the tenant whose turn it is. Of tenants at one tag the one that waits longest is first.
local function first_waiting(name, rules)
  local found, at, arrived
  local offset, size = 0, 50
  while true do
    local page = redis.call('ZRANGE', wheel(of_line(name)), offset, offset + size - 1, 'WITHSCORES')
    for i = 1, #page, 2 do
      local tenant, tag = page[i], tonumber(page[i + 1])
      if found and tag > at then return found end
      if has_room(tenant, rules) then
        local head = redis.call('ZRANGE', waiting(name, tenant), 0, 0, 'WITHSCORES')
        local seq = tonumber(head[2])
        if not found or seq < arrived then found, at, arrived = head[1], tag, seq end
      end
    end
    if #page < 2 * size then return found end
    offset = offset + size
  end
end

-- Begun jobs first, then the class whose turn it is among `classes`.
local function next_of(cast, classes, rules)
  for _, class in ipairs(classes) do
    local id = first_begun(line(cast, class), rules)
    if id then return id end
  end
  local found, at
  for _, class in ipairs(classes) do
    local tag = tag_of(of_cast(cast), class)
    if tag and (not found or tag < at) then
      local id = first_waiting(line(cast, class), rules)
      if id then found, at = id, tag end
    end
  end
  return found
end
