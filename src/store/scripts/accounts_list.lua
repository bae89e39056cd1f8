#!lua flags=allow-oom
-- A page of a realm's accounts, newest first.  ARGV: offset, limit.  Returns how
-- many there are and their ids.
local all, first = account .. ':index', tonumber(ARGV[11])
return {'ok', call('ZCARD', all),
        unpack(call('ZREVRANGE', all, first, first + tonumber(ARGV[12]) - 1))}
