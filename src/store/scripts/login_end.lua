#!lua flags=allow-oom
-- Event: auth.login
-- Records how a login ended.  ARGV: 1 or 0, the PHC string that was verified,
-- one to put in its place or nothing, a name for the account's life, "required"
-- where a second factor is, the session to make or nothing, its milliseconds,
-- its gate's limits or nothing.
-- Returns the account's life, whether a second factor is to be asked for, how
-- many recovery codes are left.  An email that is not registered runs the same
-- commands, on keys that are gone at the end.
-- Include: log_login.inc
-- Include: session_new.inc
local a = call('HMGET', account, 'phc', 'life', 'off')
local factor = call('EXISTS', account .. ':factor')
local right = ARGV[11] == '1' and a[1] == ARGV[12] and not a[3]
local reason
if not right then
    reason = a[3] and 'disabled' or 'invalid_credentials'
elseif factor == 1 then
    reason = '2fa_required'
elseif ARGV[15] ~= '' then
    reason = '2fa_setup_required'
end
if right and reason then
    -- it goes no further, and any number of times
    -- Include: log_often.inc
    log_often(account .. ':tries', true, reason)
else
    log_login(a[1], right, reason)
end
if not right then
    return {'invalid'}
end
call('DEL', account .. ':login')
if ARGV[13] ~= '' then
    call('HSET', account, 'phc', ARGV[13])
end
local life = a[2]
if not life then
    life = ARGV[14]
    call('HSET', account, 'life', life)
    call('SET', account .. ':life:' .. life, '')
end
if not reason and ARGV[16] ~= '' then
    session_new(ARGV[16], ARGV[17], nil, ARGV[18])
end
return {'ok', life, factor, call('SCARD', account .. ':recovery')}
