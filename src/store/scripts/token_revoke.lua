#!lua flags=allow-oom
-- Event: auth.logout
-- Kills the caller's token.  ARGV: milliseconds to remember it.
-- Include: token_kill.inc
token_kill(ARGV[11])
log(event, true)
return {'ok'}
