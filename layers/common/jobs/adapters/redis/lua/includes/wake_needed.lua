-- Included by the scripts after which another poller may be needed. KEYS begin with pollers,
-- waking, busy.
--
-- One is, when more entries are ready than those pollers are enough for that have room, fewer than
-- `most` are at work, and no wake is under way. The answer 1 is given once: it notes that a wake
-- is under way, until the new poller registers, the last one leaves, or the note ends.
local function wake_needed(now, first_queue, most, share, note_ms)
  local live = redis.call('ZCOUNT', KEYS[1], '(' .. now, '+inf')
  if live >= most then return 0 end
  local ready = 0
  for i = first_queue, #KEYS do
    ready = ready + redis.call('ZCOUNT', KEYS[i], '-inf', now)
  end
  local busy = redis.call('ZCOUNT', KEYS[3], '(' .. now, '+inf')
  if ready <= math.max(0, live - busy) * share then return 0 end
  if redis.call('SET', KEYS[2], '1', 'NX', 'PX', note_ms) then return 1 end
  return 0
end
