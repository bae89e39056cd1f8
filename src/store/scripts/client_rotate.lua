#!lua flags=allow-oom
-- Event: totp.rotate
-- Puts a new secret in the old one's place.  ARGV: id, the hash it was made for,
-- sealed secret, version.  Returns hash, digits, period, label, issuer; with
-- 'stale' when the client's hash is another.  The 30-day count stays.
local id = ARGV[11]
local client = account .. ':client:' .. id
local c = call('HMGET', client, 'a', 'd', 'p', 'l', 'i')
if not c[1] then
    log(event, false, 'unknown_client', id)
    return {'unknown'}
end
if c[1] ~= ARGV[12] then
    return {'stale', c[1], c[2], c[3], c[4], c[5]}
end
call('HSET', client, 's', ARGV[13], 'v', ARGV[14])
call('HDEL', client, 't', 'r', 'k', 'x', 'y', 'f', 'e')
call('DEL', account .. ':recovery:' .. id)
log(event, true, nil, id)
return {'ok', c[1], c[2], c[3], c[4], c[5]}
