#!lua flags=allow-oom
-- Returns email, time of creation, and whether 2FA is on.
local got = call('HMGET', account, 'email', 'created')
return {'ok', got[1], got[2], call('EXISTS', account .. ':factor')}
