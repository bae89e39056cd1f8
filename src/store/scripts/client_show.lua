#!lua flags=allow-oom
-- Event: totp.qrcode
-- Hands out a client's sealed secret to draw it.  ARGV: id, policy (on,
-- until_confirmed, off).
local id = ARGV[11]
local c = call('HMGET', account .. ':client:' .. id, 's', 'v', 'a', 'd', 'p',
               'l', 'i', 'f')
if not c[1] then
    log(event, false, 'unknown_client', id)
    return {'unknown'}
end
if ARGV[12] == 'off' or (ARGV[12] == 'until_confirmed' and c[8]) then
    log(event, false, 'qrcode_closed', id)
    return {'closed'}
end
log(event, true, nil, id)
return {'ok', c[1], c[2], c[3], c[4], c[5], c[6], c[7]}
