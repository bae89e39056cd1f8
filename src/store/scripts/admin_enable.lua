#!lua flags=allow-oom
-- Event: admin.enable
-- Opens the account again, and its API keys with the tokens that they have made.
-- Sessions, tokens of logins and invitations of before stay dead.
-- Include: account_keys.inc
-- Include: account_row.inc
-- Include: account_known.inc
call('HDEL', account, 'off')
account_keys(realm)
log(event, true)
return account_row()
