-- Event: apikey.create
-- Keeps a new API key.  ARGV: id, SHA-256, prefix, name, scopes or nothing for
-- all that the caller has, regions, expiry (0: never), how many keys an account
-- may have.  A key can hand on no scope and no region that it lacks, and no
-- longer life than its own.  Returns scopes, time of creation, expiry, regions.
local id = ARGV[11]
local name = account .. ':apikey:' .. id
local grant = ARGV[15] == '' and scopes or tonumber(ARGV[15])
if bit.band(grant, bit.bnot(scopes)) ~= 0 then
    log(event, false, 'insufficient_scope')
    return {'scope'}
end
local until_, where = tonumber(ARGV[17]), ARGV[16]
if expires ~= 0 and (until_ == 0 or until_ > expires) then
    until_ = expires
end
if regions ~= '' then
    where = where == '' and regions or where
    for region in string.gmatch(where, '[^,]+') do
        if not string.find(',' .. regions .. ',', ',' .. region .. ',', 1,
                           true)
        then
            log(event, false, 'insufficient_scope')
            return {'scope'}
        end
    end
end
if call('ZCARD', account .. ':apikeys') >= tonumber(ARGV[18]) then
    log(event, false, 'too_many')
    return {'closed'}
end
if call('EXISTS', name) == 1 then
    return {'exists'}
end
call('HSET', name, 'hash', ARGV[12], 'realm', realm, 'prefix', ARGV[13],
     'name', ARGV[14], 'scopes', grant, 'regions', where,
     'expires', until_, 'created', now, 'used', 0)
call('ZADD', account .. ':apikeys', time[1] * 1000000 + time[2], id)
log(event, true)
return {'ok', grant, tostring(now), tostring(until_), where}
