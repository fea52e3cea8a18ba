-- id, rules -> position or -1
local position = ahead(ARGV[1], cjson.decode(ARGV[2]))
return { position or -1 }
