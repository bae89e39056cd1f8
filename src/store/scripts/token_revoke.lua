#!lua flags=allow-oom
-- Event: auth.logout
-- Kills the caller's token.  ARGV: milliseconds to remember it.
call('SET', account .. ':dead:' .. ARGV[2], '', 'PX', ARGV[11])
log(event, true)
return {'ok'}
