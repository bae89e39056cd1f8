#!lua flags=allow-oom
-- All API keys of an account, newest first.
local page = {'ok'}
for _, id in ipairs(call('ZREVRANGE', account .. ':apikeys', 0, -1)) do
    local k = call('HMGET', account .. ':apikey:' .. id, 'prefix', 'name',
                   'scopes', 'regions', 'created', 'used', 'expires')
    page[#page + 1] = {id, unpack(k)}
end
return page
