#!lua flags=allow-oom
-- Event: admin.reseal
-- Puts a record in the place of one of the same secret.  ARGV: the client or
-- nothing, the version, the record, 1 for the first that the log tells of.
local name = account .. (ARGV[11] == '' and ':factor' or ':client:' .. ARGV[11])
if call('HGET', name, 'v') ~= ARGV[12] then
    return {'stale'}
end
call('HSET', name, 's', ARGV[13])
if ARGV[14] == '1' then
    log(event, true)
end
return {'ok'}
