#!lua flags=allow-oom
-- One account of the realm, as a list tells of it.
-- Include: account_row.inc
-- Include: account_known.inc
return account_row()
