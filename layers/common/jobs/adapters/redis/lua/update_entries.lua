--[[
Move or remove entries, after the rows have been settled.

Guarantee: none that matters: the row decides what an entry is worth, so a late or repeated call
does no harm.

KEYS    the queues in order of service
ARGV    for each entry: index of its queue, its id, and 'gone', or 'in' and a delay in ms,
        or 'by' and a delay in ms that is kept to only if the entry would be ready later,
        or 'at' and a score
Returns nothing
]]
local now = clock()
for i = 1, #ARGV, 4 do
  local queue, id, what, value = KEYS[tonumber(ARGV[i])], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
  if what == 'gone' then
    redis.call('ZREM', queue, id)
  elseif what == 'in' then
    redis.call('ZADD', queue, now + value, id)
  elseif what == 'by' then
    redis.call('ZADD', queue, 'XX', 'LT', now + value, id)
  else
    redis.call('ZADD', queue, value, id)
  end
end
