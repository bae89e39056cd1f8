#!lua flags=allow-oom
-- Event: auth.logout
-- Renews a session.  ARGV: its id, the generation of the token that was brought,
-- milliseconds that it lasts, milliseconds in which the token before the last is
-- still good.  A session with a gate lasts no longer than that lets it, and was
-- seen now.  Returns the generation of the next token, the email, whether 2FA is
-- on.
-- Include: gate_limits.inc
local sid, given = ARGV[11], tonumber(ARGV[12])
local name, all = account .. ':session:' .. sid, account .. ':sessions'
local s = call('HMGET', name, 'g', 'r', 'o', 'l')
if not s[1] or given > tonumber(s[1]) or gate_over(sid, s[3], s[4]) then
    return {'unknown'}
end
local latest = tonumber(s[1])
if given == latest then
    latest = latest + 1
    call('HSET', name, 'g', latest, 'r', stamp)
    if s[3] then
        call('HSET', name, 'l', stamp)
    end
    call('PEXPIRE', name, ARGV[13])
    call('ZADD', all, now + tonumber(ARGV[13]), sid)
    call('PEXPIRE', all, ARGV[13])
elseif given ~= latest - 1 or now - tonumber(s[2]) > tonumber(ARGV[14]) then
    -- somebody else has a copy, and nobody can tell who
    call('DEL', name)
    call('ZREM', all, sid)
    log(event, true, 'refresh_reused')
    return {'unknown'}
end
return {'ok', latest, call('HGET', account, 'email'),
        call('EXISTS', account .. ':factor')}
