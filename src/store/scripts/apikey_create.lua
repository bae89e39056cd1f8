-- Keeps a new API key.  ARGV: id, SHA-256, prefix, name, scopes or nothing for
-- all that the caller has, regions, expiry (0: never).  A key can hand on no
-- scope that it lacks.  Last in ARGV: how many keys an account may have.
-- Returns scopes and time of creation.
local id = ARGV[11]
local name = account .. ':apikey:' .. id
local grant = ARGV[15] == '' and scopes or tonumber(ARGV[15])
if bit.band(grant, bit.bnot(scopes)) ~= 0 then
    log('apikey.create', false, 'insufficient_scope')
    return {'scope'}
end
if call('ZCARD', account .. ':apikeys') >= tonumber(ARGV[18]) then
    log('apikey.create', false, 'too_many')
    return {'closed'}
end
if call('EXISTS', name) == 1 then
    return {'exists'}
end
call('HSET', name, 'hash', ARGV[12], 'realm', realm, 'prefix', ARGV[13],
     'name', ARGV[14], 'scopes', grant, 'regions', ARGV[16],
     'expires', ARGV[17], 'created', now, 'used', 0)
call('ZADD', account .. ':apikeys', now, id)
log('apikey.create', true)
return {'ok', tostring(grant), string.format('%.0f', now)}
