#!lua flags=allow-oom
-- Event: totp.validate
-- Judges the refusal itself.
-- The one place where a client's code becomes valid.  Answers any number of
-- questions of one caller.  ARGV: 11 the guess budget, then seven for each
-- question: client id, what was submitted, version, match, step, digest, the
-- secret sealed anew; see judge.inc.
-- Include: judge.inc
local EACH = 7
local reasons = {wrong = 'wrong_code', unknown = 'unknown_client',
                 forgotten = 'replayed'}
local verdicts, entries = {'ok'}, {}

if refusal then
    if refusal[1] == 'scope' then
        for at = 12, #ARGV, EACH do
            entries[#entries + 1] =
                log_text(event, false, refusal[2], ARGV[at])
        end
        log_write(account, event, entries)
    end
    -- one word is for all who ask
    return {refusal[1]}
end

for at = 12, #ARGV, EACH do
    local id = ARGV[at]
    local client = account .. ':client:' .. id
    local mode = ARGV[at + 1]
    local fine, word, left, field = pcall(judge, client,
        mode == 'recovery' and account .. ':recovery:' .. id, mode,
        ARGV[at + 2], ARGV[at + 3], ARGV[at + 4], ARGV[at + 5], ARGV[at + 6],
        ARGV[11])

    if not fine then
        -- of a damaged record; the others are judged all the same
        word, left = 'broken', nil
    elseif word == 'valid' then
        entries[#entries + 1] = log_text(event, true, nil, id)
    elseif word == 'locked' then
        -- after what led to it
        if entries[1] then
            log_write(account, event, entries)
            entries = {}
        end
        -- Include: log_counted.inc
        log_counted(client, field, false, 'locked', id)
    elseif word ~= 'stale' then
        entries[#entries + 1] =
            log_text(event, false, reasons[word] or word, id)
    end

    -- the digest proves to the asker that this answers its own question
    verdicts[#verdicts + 1] = {word, word == 'valid' and ARGV[at + 5]
                                     or left and format('%d', left)}
end

if entries[1] then
    log_write(account, event, entries)
end
return verdicts
