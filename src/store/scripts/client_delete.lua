#!lua flags=allow-oom
-- Removes every key of a client.  ARGV: id.
local id = ARGV[11]
if call('DEL', account .. ':client:' .. id) == 0 then
    log('totp.delete', false, 'unknown_client', id)
    return {'unknown'}
end
call('DEL', account .. ':recovery:' .. id)
call('ZREM', account .. ':clients', id)
log('totp.delete', true, nil, id)
return {'ok'}
