#!lua flags=allow-oom
-- Event: ARGV[11]
-- Says in the realm's log what is about to be done.  ARGV: event, the account.
-- Returns the entry's number.
return {'ok', log(event, false, 'unfinished', ARGV[12])}
