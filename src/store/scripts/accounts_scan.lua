#!lua flags=allow-oom
-- Some of a realm's accounts, in no order; who is there from the first to the
-- last of them is in one.  ARGV: where to go on, 0 at first.  Returns where to go
-- on, 0 at the end, and their ids.
local scan = call('ZSCAN', account .. ':index', ARGV[11], 'COUNT', 100)
local page = {'ok', scan[1]}
for i = 1, #scan[2], 2 do
    page[#page + 1] = scan[2][i]
end
return page
