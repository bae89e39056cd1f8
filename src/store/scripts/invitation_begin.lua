-- Event: auth.invitation
-- Charges a try of an invitation before a password is hashed for it.  A wrong
-- one costs nobody anything: who guesses 256 bits must not bar who has them.
-- ARGV: its SHA-256, tries, milliseconds they are counted.  Returns the email.
local name = account .. ':invite'
local a = call('HMGET', account, 'email', 'realm')
if a[2] ~= realm then
    return {'unknown'}
end
local i = call('HMGET', name, 'h', 'n', 'w')
if i[1] ~= ARGV[11] then
    -- Include: log_often.inc
    log_often(account .. ':strangers', false, 'invalid_invitation')
    return {'unknown'}
end
local count, start = tonumber(i[2] or '0'), tonumber(i[3] or stamp)
local window = tonumber(ARGV[13])
if now - start >= window then
    count, start = 0, now
end
if count >= tonumber(ARGV[12]) then
    return {'locked', format('%d', start + window - now)}
end
call('HSET', name, 'n', count + 1, 'w', format('%d', start))
return {'ok', a[1]}
