#!lua flags=allow-oom
-- Event: ARGV[11]
-- Says in the entry how it ended.  ARGV: event, the entry's number, why it
-- failed or nothing.
local entries = account .. ':log'
local index = tonumber(call('HGET', account, 'seq') or '0') - tonumber(ARGV[12])
local entry = call('LINDEX', entries, index)
local field = '([^\31]*)\31'
local seq, at, name, _, client, _, rest = string.match(entry or '',
    '^' .. string.rep(field, 6) .. '(.*)$')
if seq == ARGV[12] and name == event then
    local ok = ARGV[13] == '' and '1' or '0'
    call('LSET', entries, index,
         table.concat({seq, at, name, ok, client, ARGV[13], rest}, '\31'))
end
return {'ok'}
