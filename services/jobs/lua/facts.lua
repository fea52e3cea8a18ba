-- ids -> for each tenant, cast, line, units; nothing where there is no such row
local found = {}
for i, id in ipairs(cjson.decode(ARGV[1])) do
  local tenant = field(id, 'tenant')
  found[i] = tenant and { tenant, field(id, 'cast'), line_of(id), field(id, 'units') } or {}
end
return found
