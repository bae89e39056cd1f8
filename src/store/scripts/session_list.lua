#!lua flags=allow-oom
-- All sessions of an account, the one that lasts longest first.
local page = {'ok'}
local all = call('ZREVRANGE', account .. ':sessions', 0, -1, 'WITHSCORES')
for i = 1, #all, 2 do
    local s = call('HMGET', account .. ':session:' .. all[i], 'c', 'i', 'a')
    if s[1] then
        page[#page + 1] = {all[i], all[i + 1], s[1], s[2], s[3]}
    end
end
return page
