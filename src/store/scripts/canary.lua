#!lua flags=allow-oom
-- Stands without the prelude.
-- A record that every server of the installation must be able to open: puts
-- ARGV[1] there if there is none, or if what is there is ARGV[2].  Returns it.
-- Always writes, for only a master that takes writes is of use.
local canary = redis.call('GET', KEYS[1])
if not canary or canary == ARGV[2] then
    canary = ARGV[1]
end
redis.call('SET', KEYS[1], canary)
return canary
