"""The script of sliding windows: how often something happened lately."""

COUNT = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local counts = {}
for i, key in ipairs(KEYS) do
  local member, milliseconds, most = unpack(ARGV, 3 * i - 2, 3 * i)
  redis.call('ZREMRANGEBYSCORE', key, '-inf', now - milliseconds)
  -- When the clock went back: what is of later would never be of too long ago.
  redis.call('ZREMRANGEBYSCORE', key, '(' .. now, '+inf')
  redis.call('ZADD', key, 'NX', now, member)
  -- The newest: whoever floods a chat does not fill the server, and is not forgiven either.
  redis.call('ZREMRANGEBYRANK', key, 0, -most - 1)
  redis.call('PEXPIRE', key, milliseconds)
  counts[i] = redis.call('ZCARD', key)
end
return counts
"""
"""Count a member in each of some windows, and say how many members each has now.

KEYS the windows. ARGV of each: member, length (ms), how many of it are kept. Returns the counts, in
that order. A member that is there already is not counted again, and keeps its time.

As several commands: of many messages at once some would see too few, and a key without an end
would be left behind by whoever dies between two of them. By Redis' clock, since hosts differ.
"""
