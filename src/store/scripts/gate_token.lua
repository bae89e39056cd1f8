#!lua flags=allow-oom
-- Whom a token speaks for at a gate.  Returns email, when its session was made
-- and when that last showed which second factor, and the time.
local s = kind == 's' and call('HMGET', account .. ':session:' .. ARGV[4],
                               'c', 'f', 'm') or {}
return {'ok', call('HGET', account, 'email'), s[1] or '', s[2] or '',
        s[3] or '', stamp}
