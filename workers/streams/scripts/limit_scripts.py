"""The scripts of limits: how often all processes together may call somebody in a minute."""

CALL_LIMIT = """#!lua flags=allow-oom
local size = tonumber(ARGV[1])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local number, passed = math.floor(now / size), now % size
local counts, befores, wait = {}, {}, 0
for i = 1, #KEYS do
  local found = redis.call('HMGET', KEYS[i], 'number', 'count', 'before', 'paused')
  local last, count = tonumber(found[1] or -2), tonumber(found[2] or 0)
  local before, paused = tonumber(found[3] or 0), tonumber(found[4] or 0)
  if last ~= number then
    before = last == number - 1 and count or 0
    count = 0
  end
  local room, full = tonumber(ARGV[i + 1]) - 1, 0
  if count > room then
    full = math.floor(size - passed + (1 - room / count) * size) + 1
  elseif count + before * (1 - passed / size) > room then
    full = math.floor((1 - (room - count) / before) * size - passed) + 1
  end
  counts[i], befores[i] = count, before
  wait = math.max(wait, full, paused - now)
end
if wait > 0 then return wait end
for i = 1, #KEYS do
  redis.call('HSET', KEYS[i], 'number', number, 'count', counts[i] + 1, 'before', befores[i])
  redis.call('PEXPIRE', KEYS[i], 2 * size)
end
return 0
"""
"""Count a call against all of its limits, if none of them is reached.

KEYS the limits. ARGV length of a window (ms), then of each limit how many calls it allows in one.
Returns 0, or the milliseconds after which to ask again; then nothing is counted. Of the window
before, as much is counted as lies within the last window's length.

As several commands: two processes would both take the last call; or one would count against the
app's limit a call that the user's does not allow.
"""

PAUSE_LIMIT = """#!lua flags=allow-oom
local time = redis.call('TIME')
local now, pause = time[1] * 1000 + math.floor(time[2] / 1000), tonumber(ARGV[1])
local paused = math.max(now + pause, tonumber(redis.call('HGET', KEYS[1], 'paused') or 0))
redis.call('HSET', KEYS[1], 'paused', paused)
redis.call('PEXPIRE', KEYS[1], math.max(paused - now + tonumber(ARGV[2]), 2 * tonumber(ARGV[2])))
return 0
"""
"""Let nobody take of a limit for a while. KEYS the limit. ARGV how long (ms), length of a window
(ms). A longer pause that was asked for before stays. Returns 0.

As several commands: the clock that counts is that of Redis; and a shorter pause would end a longer.
"""
