--[[
Add the entries that are not there yet; move those that are there, if they are much too late.

Guarantee: publishing again changes nothing, but for what a tolerance says. No entry is ever made
later, and no lease is cut that is shorter than the tolerance. Entries that are published together keep their order,
also if they come in several calls. The question whether to wake is decided in the same step as the
adding, so that no entry can fall between a poller that leaves (deregister.lua) and one that is not
woken. What is due before the schedule's next poller comes needs one as well, if none is there to
wait for it.

KEYS    pollers, waking, busy, then the queues in order of service
ARGV    most pollers, share of ready entries one poller is enough for, ms a wake is noted for,
        ms within which the schedule sends a poller, how many entries follow in later calls,
        ms that an entry may be later than it is to be ('' if it may be as late as it is),
        then for each entry: index of its queue (1, 2), delay in ms, id
Returns how many were added; 1 if the caller must wake a poller, else 0; how many were moved
]]
local now = clock()
local entries = (#ARGV - 6) / 3
local following = tonumber(ARGV[5])
local tolerance = tonumber(ARGV[6])
local added, moved = 0, 0
local soon = false
for i = 1, entries do
  local at = 3 * i + 4
  local key, id = KEYS[3 + ARGV[at]], ARGV[at + 2]
  local score = now + ARGV[at + 1] - (entries - i + following) / 1000
  if redis.call('ZADD', key, 'NX', score, id) == 1 then
    added = added + 1
  elseif tolerance and tonumber(redis.call('ZSCORE', key, id)) > math.max(score, now) + tolerance then
    redis.call('ZADD', key, score, id)
    moved = moved + 1
  end
  soon = soon or tonumber(ARGV[at + 1]) < tonumber(ARGV[4])
end
local wake = wake_needed(now, 4, tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3])
if wake == 0 and soon and redis.call('ZCOUNT', KEYS[1], '(' .. now, '+inf') == 0
  and redis.call('SET', KEYS[2], '1', 'NX', 'PX', ARGV[3]) then
  wake = 1
end
return {added, wake, moved}
