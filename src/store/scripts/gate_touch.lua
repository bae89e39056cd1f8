#!lua flags=allow-oom
-- Marks that a session was seen at its gate, and judges by Redis's own clock
-- whether it may pass: one that was idle for too long, or whose time is over,
-- has no gate any more.  Returns what gate_read() reads, and the time.
local session = account .. ':session:' .. ARGV[4]
local g = call('HMGET', session, 'o', 'l', 'f', 'm')
local ends, idle = string.match(g[1] or '', '^%d+ (%d+) (%d+) ')
if not ends or now >= tonumber(ends) or now - g[2] > tonumber(idle) then
    call('HDEL', session, 'o', 'l')
    return {'closed'}
end
call('HSET', session, 'l', stamp)
return {'ok', g[1], stamp, g[3] or '', g[4] or '', stamp}
