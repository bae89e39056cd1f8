-- Lists an account that is about to be made, in the realm's own slot: a listed
-- account that is not there does no harm.  ARGV: its id.
local all, id = account .. ':index', ARGV[11]
if call('ZADD', all, 'NX', time[1] * 1000000 + time[2], id) == 0 then
    -- nobody is to take it off the list meanwhile, for the account of before
    local A_MAKING_TAKES = 60000
    call('SET', account .. ':making:' .. id, '', 'PX', A_MAKING_TAKES)
end
return {'ok'}
