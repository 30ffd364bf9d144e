"""The scripts of leases: who works on a partition, and who leads."""

BALANCE = """#!lua flags=allow-oom
local members, fence = KEYS[1], KEYS[2]
local member, ttl = ARGV[1], tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
-- Not at each call: that is four writes a second for each drainer that has nothing to do.
if now - (redis.call('ZSCORE', members, member) or 0) >= ttl / 5 then
  redis.call('ZADD', members, now, member)
end
redis.call('ZREMRANGEBYSCORE', members, '-inf', now - ttl)

local live = redis.call('ZRANGE', members, 0, -1)
table.sort(live)
local total = #KEYS - 2
local share = math.floor(total / #live)
for rank, name in ipairs(live) do
  -- By rank, so that every drainer comes to the same division without asking the others.
  if name == member and rank <= total % #live then share = share + 1 end
end

local held, suffix, leases = 0, '|' .. member, {}
for i = 1, total do
  leases[i] = redis.call('GET', KEYS[i + 2]) or ''
  if string.sub(leases[i], -#suffix) == suffix then held = held + 1 end
end
for i = 1, total do
  if held < share and leases[i] == '' then
    leases[i] = redis.call('INCR', fence) .. suffix
    redis.call('SET', KEYS[i + 2], leases[i], 'PX', ttl)
    held = held + 1
  end
end
return {#live, share, leases, live}
"""
"""Say that a drainer lives, and take free leases up to its share.

KEYS members, fence, every lease. ARGV member, time to live (ms). Returns {live drainers, share,
value of every lease ('' when free), members}. The leases that it has just taken are among them, so
a lost answer loses nothing: the next call names them again.

As several commands: two drainers would take the same lease, or count each other wrong.
"""

RENEW = """#!lua flags=allow-oom
local member, ttl, joined = ARGV[1], ARGV[2], ARGV[3]
if joined == '1' then
  local time = redis.call('TIME')
  redis.call('ZADD', KEYS[1], time[1] * 1000 + math.floor(time[2] / 1000), member)
else
  redis.call('ZREM', KEYS[1], member)
end
local lost = 0
for i = 2, #KEYS do
  if redis.call('GET', KEYS[i]) == ARGV[i + 2] then
    redis.call('PEXPIRE', KEYS[i], ttl)
  else
    lost = lost + 1
  end
end
return lost
"""
"""Prolong the leases that a drainer holds, and its membership.

KEYS members, each held lease. ARGV member, time to live (ms), 1 to be a member or 0 to leave, the
value of each held lease. Returns how many of them it no longer holds.

As several commands: the lease of a successor would be prolonged.
"""

RELEASE = """#!lua flags=allow-oom
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
"""
"""Give one lease back. KEYS lease. ARGV its value. Returns 1, or 0 when it was no longer held.

As two commands: the lease of a successor would be deleted.
"""

DROP = """#!lua flags=allow-oom
local suffix, dropped = '|' .. ARGV[1], 0
redis.call('ZREM', KEYS[1], ARGV[1])
for i = 2, #KEYS do
  local value = redis.call('GET', KEYS[i])
  if value and string.sub(value, -#suffix) == suffix then
    dropped = dropped + redis.call('DEL', KEYS[i])
  end
end
return dropped
"""
"""Take every lease and the membership from a drainer that is known to be dead, or that leaves.

KEYS members, every lease. ARGV member. Returns how many leases were dropped.
"""

ELECT = """
local leader = redis.call('GET', KEYS[1])
if leader == ARGV[1] then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
elseif leader or not redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then
  return 0
end
return 1
"""
"""Be the leader for a while: become it when there is none, stay it when one is. KEYS leader. ARGV
name, time (ms). Returns 1 to the leader and 0 to the others.

As two commands: a leader that came too late would prolong the lease of its successor.
"""
