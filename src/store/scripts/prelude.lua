-- What every script begins with.  All keys of an account carry its hash tag and
-- begin with KEYS[1], the account itself, so that one slot holds them all.
--
--   ARGV[1]  how the caller came: j (token), k (API key), - (nobody)
--   ARGV[2]  the token's jti
--   ARGV[3]  the API key's id: the caller's, or that which made the token
--   ARGV[4]  SHA-256 of the API key, for k
--   ARGV[5]  realm
--   ARGV[6]  the scope that is needed, a bit, or 0
--   ARGV[7]  address and ARGV[8] user agent, for the log
--   ARGV[9]  entries and ARGV[10] milliseconds that the log keeps
--   ARGV[11] on: the script's own
--
-- Replies are arrays whose first element is a word.

local call = redis.call
local account = KEYS[1]
local kind, jti, keyid, digest, realm = unpack(ARGV, 1, 5)
local scope = tonumber(ARGV[6])
local time = call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
-- a number that Redis or ".." must format costs more than a call
local stamp = string.format('%d', now)
local SCOPES_ALL = 31
local scopes = SCOPES_ALL
local expires, regions = 0, ''         -- of the API key, if there is one

-- Judges whether the caller may act at this very moment; nil if so.
local function authorize()
    -- one call for both: 2 says that the account is there, counted twice, and
    -- the token not among the dead
    if kind == 'j' and call('EXISTS', account, account,
                            account .. ':dead:' .. jti) ~= 2
    then
        return {'unauthorized'}
    end

    if keyid ~= '' then
        local name = account .. ':apikey:' .. keyid
        local key = call('HMGET', name, 'realm', 'hash', 'scopes', 'expires',
                         'used', 'regions')
        if key[1] ~= realm or (kind == 'k' and key[2] ~= digest)
            or (key[4] ~= '0' and tonumber(key[4]) <= now)
        then
            return {'unauthorized'}
        end

        scopes = tonumber(key[3])
        expires, regions = tonumber(key[4]), key[6]
        if scope ~= 0 and bit.band(scopes, scope) == 0 then
            return {'scope'}
        end

        -- to the minute is fine, and spares a write a request
        if kind == 'k' and now - tonumber(key[5]) > 60000 then
            call('HSET', name, 'used', stamp)
        end
    end

    return nil
end

-- Drops entries older than the retention: they grow older along the list, so
-- that a binary search finds the first.
local function log_trim(base, length)
    local log = base .. ':log'
    local oldest = now - tonumber(ARGV[10])
    local low, high = 0, math.min(length, tonumber(ARGV[9]))
    while low < high do
        local mid = math.floor((low + high) / 2)
        local entry = call('LINDEX', log, mid)
        local at = entry and tonumber(string.match(entry, '^%d+\31(%d+)'))
        if at and at >= oldest then
            low = mid + 1
        else
            high = mid
        end
    end
    if low < length then
        if low == 0 then
            call('DEL', log)
        else
            call('LTRIM', log, 0, low - 1)
        end
    end
    return low
end

-- Writes one entry: its number, time, event, success, client, reason, address,
-- user agent, API key, count.  The event's own list holds only the number.
local function log(event, ok, reason, client, base)
    base = base or account
    local seq = call('HINCRBY', base, 'seq', 1)
    local number = string.format('%d', seq)
    local entry = number .. '\31' .. stamp .. '\31' .. event
        .. (ok and '\0311\31' or '\0310\31') .. (client or '') .. '\31'
        .. (reason or '') .. '\31' .. ARGV[7] .. '\31' .. ARGV[8] .. '\31'
        .. keyid .. '\0311'
    local length = call('LPUSH', base .. ':log', entry)
    local keep = tonumber(ARGV[9])
    local events = call('LPUSH', base .. ':log:' .. event, number)
    if length > keep + 64 or seq % 64 == 0 then
        log_trim(base, length)
    end
    if events > keep + 64 then
        call('LTRIM', base .. ':log:' .. event, 0, keep - 1)
    end
    return seq
end

-- Counts one more of what entry seq tells, in place; false once it is gone.
local function log_again(seq)
    local head = tonumber(call('HGET', account, 'seq'))
    local index = head - seq
    local entry = call('LINDEX', account .. ':log', index)
    if not entry or string.match(entry, '^%d+') ~= string.format('%.0f', seq)
    then
        return false
    end
    local body, count = string.match(entry, '^(.*\31)(%d+)$')
    call('LSET', account .. ':log', index,
         body .. string.format('%.0f', count + 1))
    return true
end

-- Logs what a caller without credentials did.  A few such entries stand for
-- themselves; those that follow within a quarter of an hour are counted in the
-- last, so that no stranger can push out what others left.
local STRANGERS = 10
local STRANGER_WINDOW = 15 * 60 * 1000
local function log_stranger(event, reason)
    local name = account .. ':strangers'
    local count = call('HINCRBY', name, 'count', 1)
    if count == 1 then
        call('PEXPIRE', name, STRANGER_WINDOW)
    end
    local seq = count > STRANGERS and call('HGET', name, 'entry:' .. event)
    if not seq or not log_again(tonumber(seq)) then
        call('HSET', name, 'entry:' .. event, log(event, false, reason))
    end
end

local refusal = authorize()

-- A caller who is alive but may not do this leaves a trace, where what was to
-- be done would have left one.
local function refused()
    if refusal[1] == 'scope' and event ~= '' then
        log(event, false, 'insufficient_scope')
    end
    return refusal
end
