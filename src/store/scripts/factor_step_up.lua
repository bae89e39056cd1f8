#!lua flags=allow-oom
-- Event: auth.2fa.verify
-- Makes the second factor of the calling session fresh again.  ARGV: 11-17 as in
-- judged.inc.  Returns the digest.
-- Include: proven.inc
local refused = proven()
if refused then
    return refused
end
log(event, true)
return {'valid', ARGV[16], ''}
