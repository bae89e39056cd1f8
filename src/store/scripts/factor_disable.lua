#!lua flags=allow-oom
-- Event: auth.2fa.disable
-- Turns 2FA off.  ARGV: 11-17 as in judged.inc, milliseconds to remember the
-- calling token, which says that it is on.  Other sessions end.  Returns the
-- digest and the email.
-- Include: proven.inc
-- Include: session_stop.inc
-- Include: token_kill.inc
local refused = proven()
if refused then
    return refused
end
call('DEL', account .. ':factor', account .. ':pending',
     account .. ':recovery')
sessions_stop(ARGV[4])
call('HDEL', session, 'f', 'm')
token_kill(ARGV[18])
log(event, true)
return {'valid', ARGV[16], call('HGET', account, 'email')}
