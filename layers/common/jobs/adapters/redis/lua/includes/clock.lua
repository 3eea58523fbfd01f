-- Included by the scripts that need the time: milliseconds since the epoch, with a fraction.
local function clock()
  local time = redis.call('TIME')
  return time[1] * 1000 + time[2] / 1000
end
