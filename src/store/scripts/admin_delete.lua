#!lua flags=allow-oom
-- Event: admin.delete
-- Deletes an account of the realm.  ARGV: every event that a log may be of.
-- Include: account_wipe.inc
-- Include: account_known.inc
account_wipe(11)
return {'ok'}
