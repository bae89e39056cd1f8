#!lua flags=allow-oom
-- Event: ARGV[11]
-- Lets the caller do what keeps nothing, and tells the log.  ARGV: event, why
-- it failed or nothing.
log(event, ARGV[12] == '', ARGV[12])
return {'ok'}
