#!lua flags=allow-oom
-- A page of the access log, newest first.  ARGV: event or nothing, offset,
-- limit.  Returns the number of entries and the entries.
-- Include: log_trim.inc
local entries = account .. ':log'
local event = ARGV[11]
local first = tonumber(ARGV[12])
local last = first + tonumber(ARGV[13]) - 1
local length = log_trim(account, call('LLEN', entries))

if event == '' then
    return {'ok', length, unpack(call('LRANGE', entries, first, last))}
end

-- the event's list holds numbers; those of entries that are gone go too
local numbers = entries .. ':' .. event
local head = tonumber(call('HGET', account, 'seq') or '0')
local total = call('LLEN', numbers)
while total > 0 do
    local tail = tonumber(call('LINDEX', numbers, -1))
    if head - tail < length then
        break
    end
    call('RPOP', numbers)
    total = total - 1
end

local page = {'ok', total}
for _, seq in ipairs(call('LRANGE', numbers, first, last)) do
    page[#page + 1] = call('LINDEX', entries, head - tonumber(seq))
end
return page
