#!lua flags=allow-oom
-- Returns email, time of creation, and whether 2FA is on.
local got = call('HMGET', account, 'email', 'created', 'secret')
return {'ok', got[1], got[2], got[3] and '1' or '0'}
