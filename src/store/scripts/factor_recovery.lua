-- Event: totp.recovery
-- Replaces the account's own recovery codes.  ARGV: 11-17 as in judged.inc, then
-- the digests.  Returns the digest of what was submitted.
-- Include: proven.inc
local refused = proven()
if refused then
    return refused
end
call('DEL', account .. ':recovery')
call('SADD', account .. ':recovery', unpack(ARGV, 18))
log(event, true)
return {'valid', ARGV[16], ''}
