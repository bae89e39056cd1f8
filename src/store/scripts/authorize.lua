#!lua flags=allow-oom
-- Nothing but the prelude: is this caller still who the credentials say?
return {'ok'}
