#!lua flags=allow-oom
-- Event: admin.disable
-- Closes the account: nothing that was made for it opens anything.  Its API keys
-- are bound to a realm that no server has, so that no request has to ask.
-- Include: account_stop.inc
-- Include: account_keys.inc
-- Include: account_row.inc
-- Include: account_known.inc
call('HSET', account, 'off', stamp)
call('DEL', account .. ':invite')
account_stop()
account_keys('!' .. realm)
log(event, true)
return account_row()
