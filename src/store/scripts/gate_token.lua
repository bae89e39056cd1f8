#!lua flags=allow-oom
-- Whom a token speaks for at a gate.  Returns email, when its session was made
-- and when that last showed which second factor, and the time.
-- Include: gate_limits.inc
local s = {}
if kind == 's' then
    local session = account .. ':session:' .. ARGV[4]
    s = call('HMGET', session, 'c', 'f', 'm', 'o', 'l')
    if gate_over(ARGV[4], s[4], s[5]) then
        return {'closed'}
    end
    if s[4] and now - s[5] > 1000 then
        call('HSET', session, 'l', stamp)
    end
end
return {'ok', call('HGET', account, 'email'), s[1] or '', s[2] or '',
        s[3] or '', stamp}
