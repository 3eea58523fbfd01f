--[[
Take a slot for a request that waits, if one is free.

Guarantee: no more than `most` slots are taken. A slot that nobody releases is free after its time.

KEYS    polls
ARGV    name of the slot, most, ms for which it is taken
Returns 1 if the slot is taken, now or before under this name; else 0
]]
local now = clock()
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if not redis.call('ZSCORE', KEYS[1], ARGV[1])
    and redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then
  return 0
end
redis.call('ZADD', KEYS[1], now + ARGV[3], ARGV[1])
return 1
