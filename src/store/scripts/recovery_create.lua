-- Event: totp.recovery
-- Replaces a client's recovery codes.  ARGV: id, then the digests.
local id = ARGV[11]
if call('EXISTS', account .. ':client:' .. id) == 0 then
    log(event, false, 'unknown_client', id)
    return {'unknown'}
end
call('DEL', account .. ':recovery:' .. id)
call('SADD', account .. ':recovery:' .. id, unpack(ARGV, 12))
log(event, true, nil, id)
return {'ok'}
