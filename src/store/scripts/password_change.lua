#!lua flags=allow-oom
-- Event: auth.login
-- Puts a new password in the old one's place.  ARGV: 1 or 0, whether the old one
-- was right; the PHC string that was verified, the new one.  Other sessions end,
-- and so does every token that a login without one has made.
-- Include: life_end.inc
-- Include: session_stop.inc
if ARGV[11] ~= '1' or call('HGET', account, 'phc') ~= ARGV[12] then
    log(event, false, 'invalid_credentials')
    return {'invalid'}
end
call('DEL', account .. ':login')
call('HSET', account, 'phc', ARGV[13])
life_end()
sessions_stop(ARGV[4])
log(event, true, 'password_changed')
return {'ok'}
