#!lua flags=allow-oom
-- Takes an account that is not there off the list, unless it is being made.
-- ARGV: its id, milliseconds that it must have been listed.
local all, id = account .. ':index', ARGV[11]
local since = call('ZSCORE', all, id)
if since and now - tonumber(since) / 1000 >= tonumber(ARGV[12])
    and call('EXISTS', account .. ':making:' .. id) == 0
then
    call('ZREM', all, id)
end
return {'ok'}
