#!lua flags=allow-oom
-- Event: auth.login
-- Records how a login ended.  ARGV: 1 or 0, the PHC string that was verified,
-- one to put in its place or nothing.  An email that is not registered runs the
-- same commands, on keys that are gone at the end.
local phc = call('HGET', account, 'phc')
local right = ARGV[11] == '1' and phc == ARGV[12]
local base = phc and account or account .. ':void'
log(event, right, not right and 'invalid_credentials' or nil, nil, base)
call('DEL', account .. ':void', account .. ':void:log',
     account .. ':void:log:auth.login')
if not right then
    return {'invalid'}
end
call('DEL', account .. ':login')
if ARGV[13] ~= '' then
    call('HSET', account, 'phc', ARGV[13])
end
return {'ok'}
