#!lua flags=allow-oom
-- Event: auth.token
-- Judges the refusal itself.
-- Exchanges an API key for tokens.  ARGV: an empty word for each that is asked
-- for.  Answers each with the key's expiry, 0 for none.
local asked = #ARGV - 10
if refusal then
    -- Include: log_often.inc
    if call('EXISTS', account) == 1 then
        for _ = 1, asked do
            log_often(account .. ':strangers', false, 'invalid_api_key')
        end
    end
    return {refusal[1]}
end
call('HSET', account .. ':apikey:' .. keyid, 'used', stamp)
local answers, entries = {'ok'}, {}
for i = 1, asked do
    entries[i] = log_text(event, true)
    answers[i + 1] = {'ok', format('%d', expires)}
end
log_write(account, event, entries)
return answers
