--[[
Remove the ready entries of a queue, the oldest first.

Guarantee: none is needed: the rows decide which jobs are published again. Bounded, so that Redis
serves other callers between two calls.

KEYS    the queue
ARGV    most entries to remove
Returns how many were removed
]]
local now = clock()
local ready = math.min(redis.call('ZCOUNT', KEYS[1], '-inf', now), tonumber(ARGV[1]))
if ready > 0 then redis.call('ZREMRANGEBYRANK', KEYS[1], 0, ready - 1) end
return ready
