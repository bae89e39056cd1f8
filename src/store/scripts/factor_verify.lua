#!lua flags=allow-oom
-- Event: auth.2fa.verify
-- Judges the refusal itself.
-- Ends a login: judges a code and, if it is right, burns the calling token and
-- makes a session.  ARGV: 11-17 as in judged.inc, milliseconds to remember the
-- token, the session to make or nothing, its milliseconds, its gate's limits or
-- nothing.  Returns the digest and the email.
-- Include: judged.inc
-- Include: session_new.inc
-- Include: token_kill.inc
if refusal then
    return call('EXISTS', account) == 0 and {'unknown'} or refusal
end
local refused = judged()
if refused then
    return refused
end
token_kill(ARGV[18])
if ARGV[19] ~= '' then
    session_new(ARGV[19], ARGV[20], ARGV[12], ARGV[21])
end
log(event, true)
return {'valid', ARGV[16], call('HGET', account, 'email')}
