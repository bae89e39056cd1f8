#!lua flags=allow-oom
-- Event: totp.unlock
-- Lifts a lock and forgets every wrong code.  ARGV: id.
local id = ARGV[11]
local client = account .. ':client:' .. id
if call('EXISTS', client) == 0 then
    log(event, false, 'unknown_client', id)
    return {'unknown'}
end
call('HDEL', client, 'r', 'k', 'n', 'w', 'x', 'y', 'e', 'm', 'o', 'g')
log(event, true, nil, id)
return {'ok'}
