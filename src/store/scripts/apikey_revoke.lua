#!lua flags=allow-oom
-- Event: apikey.revoke
-- Revokes an API key, and with it every token made from it.  ARGV: id.
local id = ARGV[11]
if call('DEL', account .. ':apikey:' .. id) == 0 then
    log(event, false, 'unknown_api_key')
    return {'unknown'}
end
call('ZREM', account .. ':apikeys', id)
log(event, true)
return {'ok'}
