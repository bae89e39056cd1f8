-- Event: totp.register
-- Registers a client.  ARGV: id, sealed secret, version, hash, digits, period,
-- label, issuer.
local id = ARGV[11]
local client = account .. ':client:' .. id
if call('EXISTS', client) == 1 then
    log(event, false, 'client_exists', id)
    return {'exists'}
end
call('HSET', client, 's', ARGV[12], 'v', ARGV[13], 'a', ARGV[14],
     'd', ARGV[15], 'p', ARGV[16], 'l', ARGV[17], 'i', ARGV[18], 'c', now)
-- to the microsecond, so that what is newer is listed first
call('ZADD', account .. ':clients', time[1] * 1000000 + time[2], id)
log(event, true, nil, id)
return {'ok'}
