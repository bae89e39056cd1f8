-- Event: ARGV[11]
-- Lets a right code for a secret that is not kept be right once.  ARGV: event,
-- keyed digest of the secret, the step that the code matches, milliseconds until
-- no window reaches that step any more.
local name = account .. ':replay:' .. ARGV[12]
local last = call('GET', name)
if last and tonumber(ARGV[13]) <= tonumber(last) then
    log(event, false, 'replayed')
    return {'replayed'}
end
call('SET', name, ARGV[13], 'PX', ARGV[14])
log(event, true)

-- what was asked, so that no other answer passes for it
return {'valid', ARGV[12], ARGV[13]}
