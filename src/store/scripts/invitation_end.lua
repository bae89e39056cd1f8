#!lua flags=allow-oom
-- Event: auth.invitation
-- Uses an invitation: its holder's password is the account's from now on, and
-- whoever was in is out.  ARGV: its SHA-256, the PHC string.
-- Include: account_stop.inc
-- Include: account_known.inc
if call('HGET', account .. ':invite', 'h') ~= ARGV[11] then
    log(event, false, 'invalid_invitation')
    return {'unknown'}
end
call('DEL', account .. ':invite', account .. ':login')
call('HSET', account, 'phc', ARGV[12])
account_stop()
log(event, true)
return {'ok'}
