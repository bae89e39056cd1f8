#!lua flags=allow-oom
-- Event: auth.login
-- Deletes the caller's account.  ARGV: 1 or 0, whether the password was right;
-- the PHC string that was verified, then every event that a log may be of.
-- Include: account_wipe.inc
if ARGV[11] ~= '1' or call('HGET', account, 'phc') ~= ARGV[12] then
    log(event, false, 'invalid_credentials')
    return {'invalid'}
end
account_wipe(13)
return {'ok'}
