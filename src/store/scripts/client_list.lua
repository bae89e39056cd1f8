#!lua flags=allow-oom
-- A page of clients, newest first, or one client.  ARGV: offset, limit, id or
-- nothing.
local ids, total
if ARGV[13] == '' then
    local first = tonumber(ARGV[11])
    ids = call('ZREVRANGE', account .. ':clients', first,
               first + tonumber(ARGV[12]) - 1)
    total = call('ZCARD', account .. ':clients')
else
    if call('EXISTS', account .. ':client:' .. ARGV[13]) == 0 then
        return {'unknown'}
    end
    ids, total = {ARGV[13]}, 1
end
local page = {'ok', total}
for _, id in ipairs(ids) do
    local c = call('HMGET', account .. ':client:' .. id, 'l', 'i', 'a', 'd',
                   'p', 'c', 'f', 'u', 'k')
    local lock = tonumber(c[9] or '0')
    page[#page + 1] = {id, c[1], c[2], c[3], c[4], c[5], c[6], c[7] or '0',
        c[8] or '0', (lock == -1 or lock > now) and '1' or '0',
        call('SCARD', account .. ':recovery:' .. id)}
end
return page
