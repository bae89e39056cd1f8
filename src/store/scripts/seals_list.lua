#!lua flags=allow-oom
-- The account's sealed secrets: its own factor's, and some clients'.  ARGV: where
-- to go on, 0 at first.  Returns where to go on, 0 at the end, then for each the
-- client or nothing, the record and its version.
-- Include: account_known.inc
local scan = call('ZSCAN', account .. ':clients', ARGV[11], 'COUNT', 100)
local page = {'ok', scan[1]}
local function add(name, id)
    local c = call('HMGET', name, 's', 'v')
    if c[1] then
        page[#page + 1] = {id, c[1], c[2]}
    end
end
if ARGV[11] == '0' then
    add(account .. ':factor', '')
end
for i = 1, #scan[2], 2 do
    add(account .. ':client:' .. scan[2][i], scan[2][i])
end
return page
