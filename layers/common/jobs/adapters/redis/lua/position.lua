--[[
Say where an entry stands, and whether anybody is there to take it.

Guarantee: none; a look at one moment.

KEYS    pollers, waking, then the queues in order of service
ARGV    index of the entry's queue, its id
Returns how many ready entries are taken before it ('' if it is not ready, or not there);
        how many pollers are at work; 1 if a wake is under way, else 0
]]
local now = clock()
local queue, id = tonumber(ARGV[1]), ARGV[2]

local before = ''
local score = redis.call('ZSCORE', KEYS[2 + queue], id)
if score and tonumber(score) <= now then
  before = redis.call('ZRANK', KEYS[2 + queue], id)
  for i = 1, queue - 1 do
    before = before + redis.call('ZCOUNT', KEYS[2 + i], '-inf', now)
  end
end
return {before, redis.call('ZCOUNT', KEYS[1], '(' .. now, '+inf'), redis.call('EXISTS', KEYS[2])}
