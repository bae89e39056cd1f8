#!lua flags=allow-oom
-- Event: auth.token
-- Judges the refusal itself.
-- Exchanges an API key for a token.  Returns the key's expiry, 0 for none.
if refusal then
    -- Include: log_stranger.inc
    if call('EXISTS', account) == 1 then
        log_stranger(event, 'invalid_api_key')
    end
    return refusal
end
local name = account .. ':apikey:' .. keyid
call('HSET', name, 'used', now)
log(event, true)
return {'ok', call('HGET', name, 'expires')}
