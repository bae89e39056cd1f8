#!lua flags=allow-oom
-- Kills the caller's token.  ARGV: milliseconds to remember it.
call('SET', account .. ':dead:' .. jti, '', 'PX', ARGV[11])
log('auth.logout', true)
return {'ok'}
