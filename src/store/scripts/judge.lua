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
--   18  wrong codes in a row that lock, 19 first wait, 20 longest wait (ms)
--   21  wrong codes in a window that lock for good, 22 the window (ms)
--   23  wrong recovery codes in a window
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

local window = tonumber(ARGV[22])

-- refusals behind a lock share one entry, so that a flood pushes nothing out
local function locked(field, left)
    local entry = call('HGET', client, field)
    if not entry or not log_again(tonumber(entry)) then
        call('HSET', client, field, log(event, false, 'locked', id))
    end
    return {'locked', string.format('%.0f', left)}
end

local function valid(...)
    call('HSET', client, 'u', now, ...)
    if not c[5] then
        call('HSET', client, 'f', now)
    end
    log(event, true, nil, id)
    -- the digest proves to the asker that this answers its own question
    return {'valid', ARGV[16]}
end

local codes = account .. ':recovery:' .. id
if mode == 'recovery' and call('EXISTS', codes) == 1 then
    local b = call('HMGET', client, 'm', 'o')
    local wrong, start = tonumber(b[1] or '0'), tonumber(b[2] or '0')
    if now - start >= window then
        wrong, start = 0, now
    end
    if wrong >= tonumber(ARGV[23]) then
        return locked('g', start + window - now)
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

local row = tonumber(c[3] or '0') + 1
local count, start = tonumber(b[3] or '0'), tonumber(b[4] or '0')
if now - start >= window then
    count, start = 0, now
end
count = count + 1

local until_ = 0
if count >= tonumber(ARGV[21]) then
    until_ = -1
elseif row >= tonumber(ARGV[18]) then
    local doubled = math.min(row - tonumber(ARGV[18]), 30)
    until_ = now + math.min(tonumber(ARGV[19]) * 2 ^ doubled,
                            tonumber(ARGV[20]))
end

call('HSET', client, 'r', row, 'n', count, 'w', start, 'x', ARGV[16],
     'y', ARGV[15], 'k', string.format('%.0f', until_))
call('HDEL', client, 'e')
log(event, false, 'wrong_code', id)
return {'wrong'}
