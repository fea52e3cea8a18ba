-- tenant, after, limit, descending -> ok, more, row... | missing
local tenant, after, limit, descending = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4] == '1'
local edge = descending and '+inf' or '-inf'
if after ~= '' then
  local seq = redis.call('ZSCORE', listing(tenant), after)
  if not seq then
    local grave = redis.call('GET', gone(after)) or ''
    local left, owner = string.match(grave, '^(%d+) (.*)$')
    seq = owner == tenant and left
  end
  if not seq then return { 'missing' } end
  edge = '(' .. seq
end
local command, far = 'ZRANGEBYSCORE', '+inf'
if descending then command, far = 'ZREVRANGEBYSCORE', '-inf' end
local ids = redis.call(command, listing(tenant), edge, far, 'LIMIT', 0, limit + 1)
local reply = { 'ok', #ids > limit and 1 or 0 }
for i = 1, math.min(limit, #ids) do reply[#reply + 1] = all(ids[i]) end
return reply
