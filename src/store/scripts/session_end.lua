#!lua flags=allow-oom
-- Event: auth.logout
-- Ends a session, and with it every token that it made.  ARGV: its id.
if call('DEL', account .. ':session:' .. ARGV[11]) == 0 then
    return {'unknown'}
end
call('ZREM', account .. ':sessions', ARGV[11])
log(event, true)
return {'ok'}
