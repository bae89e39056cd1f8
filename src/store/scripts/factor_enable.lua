-- Event: auth.2fa.enable
-- Ends a set-up of 2FA.  ARGV: the version of the pending secret that was
-- looked at or nothing, what that showed (right, wrong_code, secret_mismatch),
-- the secret sealed for its new place, its version, the step that its code was
-- of.  Other sessions end, and so does every token that a login without one has
-- made: they may know no more than the password.
-- Include: life_end.inc
-- Include: log_often.inc
-- Include: session_stop.inc
local factor, pending = account .. ':factor', account .. ':pending'
if kind ~= 's' and call('EXISTS', factor) == 1 then
    return {'unauthorized'}
end
local version = call('HGET', pending, 'v')
if not version or version ~= ARGV[11] or ARGV[12] == 'secret_mismatch' then
    log_often(account .. ':tries', false, 'secret_mismatch')
    return {'stale'}
end
if ARGV[12] ~= 'right' then
    log_often(account .. ':tries', false, ARGV[12])
    return {'wrong'}
end
call('DEL', factor, pending, account .. ':recovery')
call('HSET', factor, 's', ARGV[13], 'v', ARGV[14], 'a', 0, 'd', 6, 'p', 30,
     't', ARGV[15], 'c', stamp, 'f', stamp, 'u', stamp)
life_end()
sessions_stop(ARGV[4])
if kind == 's' then
    call('HSET', account .. ':session:' .. ARGV[4], 'f', stamp)
end
log(event, true)
return {'ok'}
