#!lua flags=allow-oom
-- Event: auth.login
-- Puts a new password in the old one's place.  ARGV: 1 or 0, whether the old one
-- was right; the PHC string that was verified, the new one.  Other sessions end,
-- and so does every token that a login without one has made.
-- Include: session_stop.inc
local a = call('HMGET', account, 'phc', 'life')
if ARGV[11] ~= '1' or a[1] ~= ARGV[12] then
    log(event, false, 'invalid_credentials')
    return {'invalid'}
end
call('DEL', account .. ':login')
call('HSET', account, 'phc', ARGV[13])
if a[2] then
    call('DEL', account .. ':life:' .. a[2])
    call('HDEL', account, 'life')
end
sessions_stop(ARGV[4])
log(event, true, 'password_changed')
return {'ok'}
