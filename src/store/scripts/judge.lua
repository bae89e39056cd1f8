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

local accepted, left, field
local codes = account .. ':recovery:' .. id

if mode == 'recovery' and call('EXISTS', codes) == 1 then
    local window, most = string.match(ARGV[18], '(%d+) (%d+)$')
    local b = call('HMGET', client, 'm', 'o')
    local wrong, start = tonumber(b[1] or '0'), tonumber(b[2] or '0')
    if now - start >= tonumber(window) then
        wrong, start = 0, now
    end
    if wrong >= tonumber(most) then
        left, field = start + tonumber(window) - now, 'g'
    elseif call('SREM', codes, ARGV[16]) == 1 then
        accepted = true
    else
        call('HSET', client, 'm', wrong + 1, 'o', start)
        call('HDEL', client, 'g')
        log(event, false, 'wrong_code', id)
        return {'wrong'}
    end
elseif c[4] then
    local lock = tonumber(c[4])
    if lock == -1 then
        left, field = -1, 'e'
    elseif lock > now then
        left, field = lock - now, 'e'
    end
end

-- refusals behind a lock share one entry, so that a flood pushes nothing out
if left then
    -- Include: log_again.inc
    local entry = call('HGET', client, field)
    if not entry or not log_again(tonumber(entry)) then
        call('HSET', client, field, log(event, false, 'locked', id))
    end
    return {'locked', string.format('%d', left)}
end

local step = mode == 'code' and tonumber(ARGV[14])

if not accepted then
    if mode ~= 'code' then
        local malformed = mode == 'malformed'
        log(event, false, malformed and 'malformed' or 'wrong_code', id)
        return {malformed and 'malformed' or 'wrong'}
    end

    if c[1] ~= ARGV[13] then
        return {'stale'}
    end

    if ARGV[17] ~= '' then
        call('HSET', client, 's', ARGV[17])
    end

    if step and c[2] and step <= tonumber(c[2]) then
        log(event, false, 'replayed', id)
        return {'replayed'}
    end
end

if not accepted and not step then
    -- the same code again within its step is one guess
    local b = call('HMGET', client, 'x', 'y', 'n', 'w')
    if b[1] == ARGV[16] and b[2] == ARGV[15] then
        log(event, false, 'wrong_code', id)
        return {'wrong'}
    end

    local most, wait, longest, total, window =
        string.match(ARGV[18], '^(%d+) (%d+) (%d+) (%d+) (%d+)')
    local row = tonumber(c[3] or '0') + 1
    local count, start = tonumber(b[3] or '0'), b[4] or stamp
    if now - tonumber(start) >= tonumber(window) then
        count, start = 0, stamp
    end
    count = count + 1

    local until_
    if count >= tonumber(total) then
        until_ = '-1'
    elseif row >= tonumber(most) then
        local doubled = math.min(row - tonumber(most), 30)
        until_ = string.format('%d', now
            + math.min(tonumber(wait) * 2 ^ doubled, tonumber(longest)))
    end

    call('HSET', client, 'r', row, 'n', count, 'w', start, 'x', ARGV[16],
         'y', ARGV[15])
    if until_ then
        call('HSET', client, 'k', until_)
        call('HDEL', client, 'e')
    end
    log(event, false, 'wrong_code', id)
    return {'wrong'}
end

if step then
    if c[3] then
        call('HDEL', client, 'r', 'k', 'x', 'y', 'e')
    end
    call('HSET', client, 't', ARGV[14], 'u', stamp)
else
    call('HSET', client, 'u', stamp)
end
if not c[5] then
    call('HSET', client, 'f', stamp)
end
log(event, true, nil, id)

-- the digest proves to the asker that this answers its own question
return {'valid', ARGV[16]}
