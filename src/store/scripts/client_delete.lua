#!lua flags=allow-oom
-- Event: totp.delete
-- Removes every key of a client.  ARGV: id.
local id = ARGV[11]
if call('DEL', account .. ':client:' .. id) == 0 then
    log(event, false, 'unknown_client', id)
    return {'unknown'}
end
call('DEL', account .. ':recovery:' .. id)
call('ZREM', account .. ':clients', id)
log(event, true, nil, id)
return {'ok'}
