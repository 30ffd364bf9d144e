"""The Lua scripts: all that must happen in Redis as one step. Each is followed by its keys, its
arguments, and what would go wrong if it were several commands.

Redis runs a script with nothing in between, and writes its effects to the append-only file
together. Times are Redis' own, since the clocks of several hosts differ. ACCEPT makes the names of
duplicate keys itself, so Redis Cluster is not supported.

The drainers' scripts begin with `#!lua flags=allow-oom`: they may write while Redis has no memory
left. Without the flag a full Redis would stay full for ever, since whoever could empty it could not
even say that it lives.
"""

OLDEST_REDIS = 7
"""The first Redis that knows the flag; every Valkey does."""

ACCEPT = """
local stream, backlog, partitions = KEYS[1], KEYS[2], KEYS[3]
local layout, id, key, window, bucket_prefix, shard, limit, overhead = unpack(ARGV, 1, 8)
local version, kind, meta, body = unpack(ARGV, 9, 12)

local fixed = redis.call('GET', partitions)
if not fixed then
  redis.call('SET', partitions, layout)
elseif fixed ~= layout then
  return {'partitions', fixed}
end

local waiting = tonumber(redis.call('GET', backlog) or '0')
local full = waiting + #meta + #body + overhead > tonumber(limit)
local bucket
if #key > 0 then
  local now = tonumber(redis.call('TIME')[1])
  local number = math.floor(now / tonumber(window))
  for age = 0, 1 do
    local first = redis.call('HGET', bucket_prefix .. (number - age) .. ':' .. shard, key)
    -- Before the duplicate: our own repeat after a lost answer must not be told as one.
    if first == id then return {'fresh', id} end
    if first then
      if not full then
        redis.call('XADD', stream, '*',
          'v', version, 'k', 'duplicate', 'm', meta, 'b', '', 'e', first)
        redis.call('INCRBY', backlog, #meta + overhead)
      end
      return {'duplicate', first}
    end
  end
  bucket = bucket_prefix .. number .. ':' .. shard
end

if full then return {'full', ''} end
redis.call('XADD', stream, '*', 'v', version, 'k', kind, 'm', meta, 'b', body)
redis.call('INCRBY', backlog, #meta + #body + overhead)
if bucket and redis.call('HSET', bucket, key, id) == 1 and redis.call('HLEN', bucket) == 1 then
  redis.call('EXPIRE', bucket, 2 * tonumber(window))
end
return {'fresh', id}
"""
"""Append a request to its stream, unless it repeats one of the duplicate window.

KEYS stream, backlog, partitions. ARGV layout, id (16 bytes), duplicate key (16 bytes, or '' for
none), window (s), prefix of the duplicate buckets, shard, backlog limit (bytes), overhead of an
entry (bytes), format, kind, meta, body. Returns {'fresh', id}, {'duplicate', id of the first},
{'full', ''} or {'partitions', the layout in force}.

As several commands: of two equal requests at once both would be appended; or a key would be set for
an event that was never appended, and its repeat be swallowed. When the id under the key is its own,
the script is repeating itself after a lost answer, and says fresh. A key lives in the bucket of its
window, for one to two windows.
"""

BALANCE = """#!lua flags=allow-oom
local members, fence = KEYS[1], KEYS[2]
local member, ttl = ARGV[1], tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', members, now, member)
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

MARK = """#!lua flags=allow-oom
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[2], unpack(ARGV, 2))
return 1
"""
"""Write marks of runs. KEYS lease, progress. ARGV value of the lease, then field and mark,
alternating. Returns 1, or 0 when the lease is lost.

As two commands: a drainer that was stopped until its lease was over would leave a mark after its
successor has cleared them, and nobody would ever remove it.
"""

UNMARK = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('HDEL', KEYS[2], unpack(ARGV, 2))
return 1
"""
"""Take back the start marks of runs that did not start. KEYS lease, progress. ARGV value of the
lease, fields. Returns 1, or 0 when the lease is lost.

As two commands: the marks of a successor would be deleted.
"""

FORGET = """#!lua flags=allow-oom
local backlog, runs = KEYS[1], KEYS[2]
local lost, freed, ended = 0, 0, {}
for i, partition in ipairs(cjson.decode(ARGV[1])) do
  local lease, stream, progress = KEYS[3 * i], KEYS[3 * i + 1], KEYS[3 * i + 2]
  if redis.call('GET', lease) ~= partition[1] then
    lost = lost + 1
  else
    for _, item in ipairs(partition[2]) do
      local entry, cost, results = item[1], item[2], item[3]
      for handler in pairs(results) do
        redis.call('HDEL', progress, entry .. '/' .. handler)
      end
      -- Only who has deleted it counts it: a repeat of this call finds nothing.
      if redis.call('XDEL', stream, entry) == 1 then
        freed = freed + cost
        for handler, state in pairs(results) do
          if state ~= '' then
            local name = handler .. '|' .. state
            ended[name] = (ended[name] or 0) + 1
          end
        end
      end
    end
  end
end
redis.call('DECRBY', backlog, freed)
for name, count in pairs(ended) do redis.call('HINCRBY', runs, name, count) end
return lost
"""
"""Forget entries that are journalled: each entry, its marks and its part of the backlog. Count
their runs.

KEYS backlog, runs, then lease, stream and progress of each partition. ARGV a JSON list, for each
partition [value of the lease, list of [entry, cost in bytes, {handler: state, or '' for a run not
counted}]]. Returns how many of the leases are lost; of their partitions nothing is forgotten. When
it is repeated, it counts nothing twice.

As several commands: a drainer that has lost its lease would delete what its successor works on, and
a crash in between would leave marks without an entry, or count bytes twice.
"""

SWITCH = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] or redis.call('EXISTS', KEYS[2]) == 1 then return 0 end
redis.call('SET', KEYS[2], ARGV[1])
redis.call('SET', KEYS[1], ARGV[2])
return 1
"""
"""Append to a new layout from now on. KEYS partitions, emptying. ARGV the layout in force, the new
one. Returns 1, or 0 when another one is in force or the one before it is not empty yet.

As several commands: a drainer would find neither layout, or requests would be appended to one that
nobody empties.
"""

RETIRE = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
local count = tonumber(ARGV[2])
for i = 2, count + 1 do
  if redis.call('XLEN', KEYS[i]) > 0 or redis.call('EXISTS', KEYS[i + count]) == 1 then return 0 end
end
for i = 1, count + 1 do redis.call('DEL', KEYS[i]) end
return 1
"""
"""Forget a layout that is empty. KEYS emptying, every stream of it, every progress. ARGV the
layout, its count. Returns 1, or 0 when something of it is left or it is forgotten already.

Nothing is appended to it any more, since the accept script compares the layout.
"""

REPAIR = """
for i = 2, #KEYS do
  if redis.call('XLEN', KEYS[i]) > 0 then return 0 end
end
return redis.call('DEL', KEYS[1])
"""
"""Count the backlog from nothing again when nothing waits. KEYS backlog, every stream. Returns 1
when there was a count to delete.

As several commands: what is appended in between would be missing in the count. The count can only
become wrong when a person deletes a stream. Then it would stay too high, and in the end everything
would be refused.
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

OVERVIEW = """
local time = redis.call('TIME')
local partitions = {}
for i = 7, #KEYS, 2 do
  local oldest = redis.call('XRANGE', KEYS[i], '-', '+', 'COUNT', 1)[1]
  table.insert(partitions, {
    redis.call('XLEN', KEYS[i]), oldest and oldest[1] or '', redis.call('EXISTS', KEYS[i + 1])
  })
end
local alive = redis.call('ZCOUNT', KEYS[1], time[1] * 1000 - ARGV[1], '+inf')
local memory = redis.pcall('INFO', 'memory')
return {
  time[1], alive, redis.call('GET', KEYS[2]) or '0', redis.call('HGETALL', KEYS[3]),
  redis.call('HGETALL', KEYS[4]), redis.call('EXISTS', KEYS[5]), redis.call('HGETALL', KEYS[6]),
  type(memory) == 'string' and string.match(memory, 'maxmemory:(%d+)') or '0', partitions
}
"""
"""How everything stands. KEYS members, backlog, runs, unfinished, leader, counters, then stream and
lease of every partition. ARGV how long a heartbeat counts (ms). Returns {time (s), live drainers,
backlog (bytes), counters of runs, what the scheduler told of unfinished runs, whether a scheduler
leads, other counters, maxmemory (bytes; 0 for none, or when it is hidden), {entries, id of the
oldest, whether leased} of every partition}.

Several commands would be as right, but the body of every oldest entry would cross the wire at each
scrape.
"""
