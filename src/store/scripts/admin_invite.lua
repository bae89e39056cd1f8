-- Event: admin.invite
-- Invites the account's owner to choose a new password.  ARGV: the invitation's
-- SHA-256, milliseconds that it is good for.
-- Include: invite.inc
-- Include: account_row.inc
-- Include: account_known.inc
if call('HGET', account, 'off') then
    return {'closed'}
end
invite(ARGV[11], ARGV[12])
log(event, true)
return account_row()
