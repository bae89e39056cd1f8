#!lua flags=allow-oom
-- Event: admin.reset_factor
-- Takes a second factor away that its owner has lost.
-- Include: account_stop.inc
-- Include: account_row.inc
-- Include: account_known.inc
call('DEL', account .. ':factor', account .. ':pending',
     account .. ':recovery')
account_stop()
log(event, true)
return account_row()
