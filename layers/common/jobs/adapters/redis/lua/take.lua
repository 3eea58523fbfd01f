--[[
Take ready entries, the first queue's before the second's, oldest first.

Guarantee: an entry that was taken is not ready again before its lease ends; if the worker dies,
it is then ready of itself. The poller stays registered, as busy if it takes nothing, until it
takes from all queues again. A new poller ends the note that a wake is under way.

KEYS    pollers, waking, busy, complete, then the queues in order of service
ARGV    poller, ms it stays registered, most entries to take, lease in ms, how many of the queues
        to take from, most pollers, share of ready entries one poller is enough for,
        ms a wake is noted for
Returns ms until the next entry may be taken ('' if there is none), 1 if the caller must wake another poller,
        1 if the queues are complete, then for each entry taken: index of its queue, id, score
]]
local now = clock()
local limit, lease, sources = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])

redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now)
if redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1]) == 1 then
  redis.call('DEL', KEYS[2])
end
if limit == 0 then
  redis.call('ZADD', KEYS[3], now + ARGV[2], ARGV[1])
elseif sources == #KEYS - 4 then
  redis.call('ZREM', KEYS[3], ARGV[1])
end

local answer = {'', 0, redis.call('EXISTS', KEYS[4])}
local left = limit
for i = 1, sources do
  if left > 0 then
    local ready = redis.call(
      'ZRANGEBYSCORE', KEYS[4 + i], '-inf', now, 'WITHSCORES', 'LIMIT', 0, left)
    local leased = {}
    for at = 1, #ready, 2 do
      leased[at], leased[at + 1] = now + lease, ready[at]
      answer[#answer + 1] = i
      answer[#answer + 1] = ready[at]
      answer[#answer + 1] = ready[at + 1]
    end
    if #leased > 0 then
      redis.call('ZADD', KEYS[4 + i], unpack(leased))
      left = left - #leased / 2
    end
  end
end

local first = math.huge
for i = 5, #KEYS do
  local head = redis.call('ZRANGE', KEYS[i], 0, 0, 'WITHSCORES')
  if head[2] then first = math.min(first, tonumber(head[2])) end
end
if first < math.huge then answer[1] = tostring(first - now) end

answer[2] = wake_needed(now, 5, tonumber(ARGV[6]), tonumber(ARGV[7]), ARGV[8])
return answer
