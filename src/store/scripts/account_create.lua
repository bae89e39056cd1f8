-- Event: auth.register
-- Registers an account.  ARGV: email, PHC string.
if call('EXISTS', account) == 1 then
    -- Include: log_often.inc
    log_often(account .. ':strangers', false, 'email_taken')
    return {'exists'}
end
call('HSET', account, 'email', ARGV[11], 'realm', realm, 'phc', ARGV[12],
     'created', now, 'seq', 0)
log(event, true)
return {'ok'}
