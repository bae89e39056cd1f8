-- Event: auth.2fa.verify
-- Begins a set-up of 2FA.  ARGV: 11-17 as in judged.inc, the sealed secret, its
-- version, milliseconds that it waits to be confirmed.  Returns the digest and
-- the email.
-- Include: proven.inc
if call('EXISTS', account .. ':factor') == 1 then
    -- a token that sets up is worth nothing once there is a factor
    if kind ~= 's' then
        return {'unauthorized'}
    end
    if not shown() then
        local refused = proven()
        if refused then
            return refused
        end
    end
end
local pending = account .. ':pending'
call('DEL', pending)
call('HSET', pending, 's', ARGV[18], 'v', ARGV[19], 'a', 0, 'd', 6, 'p', 30)
call('PEXPIRE', pending, ARGV[20])
return {'valid', ARGV[16], call('HGET', account, 'email')}
