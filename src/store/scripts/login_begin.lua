-- Event: auth.login
-- Charges one login attempt before the password is looked at, so that parallel
-- guesses cannot pass the limit.  ARGV: attempts, milliseconds they are counted.
-- Returns the PHC string, nothing for an account that is disabled or invited.
-- An email that is not registered runs the same commands.
local attempts = account .. ':login'
local a = call('HMGET', account, 'phc', 'off')
local phc = a[1]
local count = call('INCR', attempts)
local left = call('PTTL', attempts)
if left < 0 then
    left = tonumber(ARGV[12])
    call('PEXPIRE', attempts, left)
end
if count <= tonumber(ARGV[11]) then
    return {'ok', not a[2] and phc or ''}
end
-- one entry tells of all that follow
if count == tonumber(ARGV[11]) + 1 then
    -- Include: log_login.inc
    log_login(phc, false, 'locked')
end
return {'locked', left}
