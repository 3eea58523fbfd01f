--[[
Add the entries that are not there yet.

Guarantee: publishing again changes nothing. Entries of one call keep their order. The question
whether to wake is decided in the same step as the adding, so that no entry can fall between a
poller that leaves (leave.lua) and one that is not woken.

KEYS    pollers, waking, busy, then the queues in order of service
ARGV    most pollers, share of ready entries one poller is enough for, ms a wake is noted for,
        then for each entry: index of its queue (1, 2), delay in ms, id
Returns how many were added; 1 if a poller is to be woken, else 0
]]
local now = clock()
local entries = (#ARGV - 3) / 3
local added = 0
for i = 1, entries do
  local at = 3 * i + 1
  local score = now + ARGV[at + 1] - (entries - i) / 1000
  added = added + redis.call('ZADD', KEYS[3 + ARGV[at]], 'NX', score, ARGV[at + 2])
end
local wake = wake_needed(now, 4, tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3])
return {added, wake}
