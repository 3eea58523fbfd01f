--[[
Say whether pollers are at work, when one was there last, and what they have reported.

Guarantee: none; a look at one moment.

KEYS    pollers, seen, misconfigured
Returns how many pollers are at work; ms since one left ('' if none has); the parts of theirs that
        are misconfigured, as JSON ('' if none is)
]]
local now = clock()
local seen = redis.call('GET', KEYS[2])
local ago = ''
if seen then ago = tostring(now - tonumber(seen)) end
local parts = redis.call('GET', KEYS[3]) or ''
return {redis.call('ZCOUNT', KEYS[1], '(' .. now, '+inf'), ago, parts}
