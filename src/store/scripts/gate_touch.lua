#!lua flags=allow-oom
-- Marks that a session was seen at its gate, unless it is over.  Returns what
-- gate_read() reads, and the time.
-- Include: gate_limits.inc
local session = account .. ':session:' .. ARGV[4]
local g = call('HMGET', session, 'o', 'l', 'f', 'm')
if not g[1] or gate_over(ARGV[4], g[1], g[2]) then
    return {'closed'}
end
call('HSET', session, 'l', stamp)
return {'ok', g[1], stamp, g[3] or '', g[4] or '', stamp}
