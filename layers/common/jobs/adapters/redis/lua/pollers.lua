--[[
Say whether pollers are at work, and when one was there last.

Guarantee: none; a look at one moment.

KEYS    pollers, seen
Returns how many pollers are at work; ms since one left ('' if none has)
]]
local now = clock()
local seen = redis.call('GET', KEYS[2])
local ago = ''
if seen then ago = tostring(now - tonumber(seen)) end
return {redis.call('ZCOUNT', KEYS[1], '(' .. now, '+inf'), ago}
