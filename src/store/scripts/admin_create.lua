-- Event: admin.create
-- Makes an account without a password, and an invitation to choose one.  ARGV:
-- email, the invitation's SHA-256, milliseconds that it is good for.
-- Include: invite.inc
-- Include: account_row.inc
if call('EXISTS', account) == 1 then
    return {'exists'}
end
call('HSET', account, 'email', ARGV[11], 'realm', realm, 'created', now,
     'seq', 0)
invite(ARGV[12], ARGV[13])
log(event, true)
return account_row()
