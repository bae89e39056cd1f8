#!lua flags=allow-oom
-- Event: totp.validate
-- The one place where a code becomes valid.  ARGV:
--   11  client id
--   12  what was submitted: code, recovery or malformed
--   13  version of the secret that the code was compared with
--   14  the step that it matches, or nothing
--   15  the current step
--   16  keyed digest of the code
--   17  the secret sealed anew, or nothing
--   18  the guess budget: wrong codes in a row that lock, first wait, longest
--       wait, wrong codes in a window that lock for good, the window, wrong
--       recovery codes in a window; times in ms, a blank between
--
-- A client is a hash: s sealed secret, v version, t last step, r wrong codes in
-- a row, k locked until (-1: for good), n and w count and start of the window,
-- x and y digest and step of the last code charged, e log entry that counts a
-- lock's refusals, m and o count and start of the recovery window, g log entry
-- of its refusals, f confirmed, u used.
local id, mode = ARGV[11], ARGV[12]
local client = account .. ':client:' .. id
local c = call('HMGET', client, 'v', 't', 'r', 'k', 'f')

if not c[1] then
    log(event, false, 'unknown_client', id)
    return {'unknown'}
end

local function budget()
    local a, b, c_, d, e, f = string.match(ARGV[18],
        '(%d+) (%d+) (%d+) (%d+) (%d+) (%d+)')
    return {row = tonumber(a), wait = tonumber(b), longest = tonumber(c_),
            total = tonumber(d), window = tonumber(e), recovery = tonumber(f)}
end

-- refusals behind a lock share one entry, so that a flood pushes nothing out
local function locked(field, left)
    local entry = call('HGET', client, field)
    if not entry or not log_again(tonumber(entry)) then
        call('HSET', client, field, log(event, false, 'locked', id))
    end
    return {'locked', string.format('%.0f', left)}
end

local function valid(...)
    if c[5] then
        call('HSET', client, 'u', stamp, ...)
    else
        call('HSET', client, 'u', stamp, 'f', stamp, ...)
    end
    log(event, true, nil, id)
    -- the digest proves to the asker that this answers its own question
    return {'valid', ARGV[16]}
end

local codes = account .. ':recovery:' .. id
if mode == 'recovery' and call('EXISTS', codes) == 1 then
    local limit = budget()
    local b = call('HMGET', client, 'm', 'o')
    local wrong, start = tonumber(b[1] or '0'), tonumber(b[2] or '0')
    if now - start >= limit.window then
        wrong, start = 0, now
    end
    if wrong >= limit.recovery then
        return locked('g', start + limit.window - now)
    end
    if call('SREM', codes, ARGV[16]) == 1 then
        return valid()
    end
    call('HSET', client, 'm', wrong + 1, 'o', start)
    call('HDEL', client, 'g')
    log(event, false, 'wrong_code', id)
    return {'wrong'}
end

local lock = tonumber(c[4] or '0')
if lock == -1 then
    return locked('e', -1)
end
if lock > now then
    return locked('e', lock - now)
end

if mode == 'malformed' then
    log(event, false, 'malformed', id)
    return {'malformed'}
end

if mode == 'recovery' then
    log(event, false, 'wrong_code', id)
    return {'wrong'}
end

if c[1] ~= ARGV[13] then
    return {'stale'}
end

if ARGV[17] ~= '' then
    call('HSET', client, 's', ARGV[17])
end

local step = tonumber(ARGV[14])
if step then
    if c[2] and step <= tonumber(c[2]) then
        log(event, false, 'replayed', id)
        return {'replayed'}
    end
    if c[3] then
        call('HDEL', client, 'r', 'k', 'x', 'y', 'e')
    end
    return valid('t', ARGV[14])
end

-- the same code again within its step is one guess
local b = call('HMGET', client, 'x', 'y', 'n', 'w')
if b[1] == ARGV[16] and b[2] == ARGV[15] then
    log(event, false, 'wrong_code', id)
    return {'wrong'}
end

local limit = budget()
local row = tonumber(c[3] or '0') + 1
local count, start = tonumber(b[3] or '0'), b[4] or stamp
if now - tonumber(start) >= limit.window then
    count, start = 0, stamp
end
count = count + 1

local until_
if count >= limit.total then
    until_ = '-1'
elseif row >= limit.row then
    local doubled = math.min(row - limit.row, 30)
    until_ = string.format('%d', now
        + math.min(limit.wait * 2 ^ doubled, limit.longest))
end

call('HSET', client, 'r', row, 'n', count, 'w', start, 'x', ARGV[16],
     'y', ARGV[15])
if until_ then
    call('HSET', client, 'k', until_)
    call('HDEL', client, 'e')
end
log(event, false, 'wrong_code', id)
return {'wrong'}
