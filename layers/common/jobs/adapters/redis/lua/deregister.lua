--[[
Take a poller off the register, unless it is still needed.

Guarantee: in the step in which it leaves, nothing is ready; whatever is published later finds
the register without it (publish.lua), and with the last poller goes the note that a wake is under
way: one that never came of it would keep others from being woken. Something due within the horizon
keeps it too, unless another poller is there to wait for it.

KEYS    pollers, waking, busy, seen, then the queues in order of service
ARGV    poller, ms it waits for an entry that is due soon (negative: it leaves in any case),
        1 if it waits although another poller is there
Returns 1 if it has left, else 0; ms until the next entry may be taken ('' if there is none)
]]
local now = clock()
local horizon = tonumber(ARGV[2])

local first = math.huge
for i = 5, #KEYS do
  local head = redis.call('ZRANGE', KEYS[i], 0, 0, 'WITHSCORES')
  if head[2] then first = math.min(first, tonumber(head[2])) end
end
local next_in = ''
if first < math.huge then next_in = tostring(first - now) end

local believed_until = redis.call('ZSCORE', KEYS[1], ARGV[1])
local others = redis.call('ZCOUNT', KEYS[1], '(' .. now, '+inf')
if believed_until and tonumber(believed_until) > now then others = others - 1 end
if horizon >= 0 and first <= now + horizon then
  if first <= now or ARGV[3] == '1' or others <= 0 then return {0, next_in} end
end
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('SET', KEYS[4], string.format('%.3f', now))
redis.call('ZREM', KEYS[3], ARGV[1])
if others <= 0 then redis.call('DEL', KEYS[2]) end
return {1, next_in}
