-- What every script begins with.  All keys of an account carry its hash tag and
-- begin with KEYS[1], the account itself, so that one slot holds them all.
--
--   ARGV[1]  how the caller came: j (token), s (a session's token), k (API
--            key), - (nobody)
--   ARGV[2]  the token's jti
--   ARGV[3]  the API key's id: the caller's, or that which made the token
--   ARGV[4]  SHA-256 of the API key, for k; the session, for s
--   ARGV[5]  realm
--   ARGV[6]  the scope that is needed, a bit, or 0; behind a scope, after a
--            blank, this server's region, if it has one
--   ARGV[7]  address and ARGV[8] user agent, for the log
--   ARGV[9]  entries and ARGV[10] milliseconds that the log keeps
--   ARGV[11] on: the script's own
--
-- Replies are arrays whose first element is a word.
--
-- A function costs Redis more to make than to call, at every run: what is not
-- needed by all is included where it is used.

local call, format = redis.call, string.format
local account = KEYS[1]
local kind, keyid, realm = ARGV[1], ARGV[3], ARGV[5]
local time = call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
-- a number that Redis or ".." must format costs more than a call
local stamp = format('%d', now)
local SCOPES_ALL = 31
local scopes = SCOPES_ALL
local expires, regions = 0, ''         -- of the API key, if there is one

-- Judges whether the caller may act at this very moment; nil if so.
local refusal, alive
if kind == 's' then
    alive = account .. ':session:' .. ARGV[4]
elseif kind == 'j' then
    -- the account, in the life of it that the token was made in, unless a key
    -- of it answers for that
    alive = keyid == '' and account .. ':life:' .. string.sub(ARGV[2], 1, 8)
            or account
end
if alive and call('EXISTS', alive, alive, account .. ':dead:' .. ARGV[2]) ~= 2
then
    -- one call for both: 2 says that what it hangs on is there, counted twice,
    -- and the token not among the dead
    refusal = {'unauthorized'}
elseif keyid ~= '' then
    local name = account .. ':apikey:' .. keyid
    local key = call('HMGET', name, 'realm', 'hash', 'scopes', 'expires',
                     'used', 'regions')
    if key[1] ~= realm or (kind == 'k' and key[2] ~= ARGV[4])
        or (key[4] ~= '0' and tonumber(key[4]) <= now)
    then
        refusal = {'unauthorized'}
    else
        local scope, region = tonumber(ARGV[6]), nil
        scopes = tonumber(key[3])
        expires, regions = tonumber(key[4]), key[6]
        if not scope then
            scope, region = string.match(ARGV[6], '^(%d+) (.+)$')
            scope = tonumber(scope)
        end
        if scope ~= 0 and bit.band(scopes, scope) == 0 then
            refusal = {'scope', 'insufficient_scope'}
        elseif region and regions ~= '' and not string.find(
            ',' .. regions .. ',', ',' .. region .. ',', 1, true)
        then
            refusal = {'scope', 'wrong_region'}
        elseif kind == 'k' and now - tonumber(key[5]) > 60000 then
            -- to the minute is fine, and spares a write a request
            call('HSET', name, 'used', stamp)
        end
    end
end

-- An entry but for its number: time, event, success, client, reason, address,
-- user agent, API key, count.
local log_end = '\31' .. ARGV[7] .. '\31' .. ARGV[8] .. '\31' .. keyid .. '\0311'
local function log_text(event, ok, reason, client)
    return stamp .. '\31' .. event .. (ok and '\0311\31' or '\0310\31')
        .. (client or '') .. '\31' .. (reason or '') .. log_end
end

-- Numbers entries and writes them; the event's own list holds only numbers.
-- Returns the last one's.  Long: whoever calls sees to it that the lists do not
-- become so.
local function log_write(base, event, entries, long)
    local n, numbers = #entries, {}
    local seq = call('HINCRBY', base, 'seq', n)
    for i = 1, n do
        local number = format('%d', seq - n + i)
        numbers[i] = number
        entries[i] = number .. '\31' .. entries[i]
    end
    local length = call('LPUSH', base .. ':log', unpack(entries))
    local events = call('LPUSH', base .. ':log:' .. event, unpack(numbers))
    if long then
        return seq
    end
    local keep = tonumber(ARGV[9])
    if length > keep + 64 or seq % 64 < n then
        -- Include: log_trim.inc
        log_trim(base, length)
    end
    if events > keep + 64 then
        call('LTRIM', base .. ':log:' .. event, 0, keep - 1)
    end
    return seq
end

local function log(event, ok, reason, client)
    return log_write(account, event, {log_text(event, ok, reason, client)})
end
