#!lua flags=allow-oom
-- Event: auth.login
-- Deletes the caller's account.  ARGV: 1 or 0, whether the password was right;
-- the PHC string that was verified, then every event that a log may be of.
local a = call('HMGET', account, 'phc', 'life')
if ARGV[11] ~= '1' or a[1] ~= ARGV[12] then
    log(event, false, 'invalid_credentials')
    return {'invalid'}
end
-- each set names what there is of its kind
local kinds = {
    clients = {':client:', ':recovery:'}, apikeys = {':apikey:'},
    sessions = {':session:'}, dead = {':dead:'}
}
for set, parts in pairs(kinds) do
    for _, id in ipairs(call('ZREVRANGE', account .. ':' .. set, 0, -1)) do
        for _, part in ipairs(parts) do
            call('DEL', account .. part .. id)
        end
    end
    call('DEL', account .. ':' .. set)
end
for i = 13, #ARGV do
    call('DEL', account .. ':log:' .. ARGV[i])
end
call('DEL', account, account .. ':log', account .. ':login',
     account .. ':strangers', account .. ':tries', account .. ':factor',
     account .. ':pending', account .. ':recovery',
     account .. ':life:' .. (a[2] or ''))
return {'ok'}
