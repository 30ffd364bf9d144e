"""The scripts of what is in the streams: accepting it, marking what became of it, forgetting it."""

ACCEPT = """
local stream, backlog, partitions, heard = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local layout, id, key, window, bucket_prefix, shard, limit, overhead = unpack(ARGV, 1, 8)
local version, kind, meta, body = unpack(ARGV, 9, 12)
local app, at = unpack(ARGV, 13, 14)
local verdict, decided, details, seconds = unpack(ARGV, 15, 18)

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
    local known = redis.call('HGET', bucket_prefix .. (number - age) .. ':' .. shard, key)
    if known then
      local first = string.sub(known, 1, 16)
      -- Before the duplicate: our own repeat after a lost answer must not be told as one.
      if first == id then return {'fresh', id} end
      if not full then
        redis.call('XADD', stream, '*',
          'v', version, 'k', 'duplicate', 'm', meta, 'b', '', 'e', first)
        redis.call('INCRBY', backlog, #meta + overhead)
      end
      if #known == 16 then return {'duplicate', first} end
      return {'duplicate', known, redis.call('GET', bucket_prefix .. 'details:' .. first) or ''}
    end
  end
  bucket = bucket_prefix .. number .. ':' .. shard
end

if full then return {'full', ''} end
if verdict then
  redis.call('XADD', stream, '*', 'v', version, 'k', kind, 'm', meta, 'b', body, 'd', decided)
else
  redis.call('XADD', stream, '*', 'v', version, 'k', kind, 'm', meta, 'b', body)
end
redis.call('INCRBY', backlog, #meta + #body + overhead)
if #app > 0 then redis.call('HSET', heard, app, at) end
if bucket then
  local known = verdict and id .. verdict or id
  if redis.call('HSET', bucket, key, known) == 1 and redis.call('HLEN', bucket) == 1 then
    redis.call('EXPIRE', bucket, 2 * tonumber(window))
  end
  if details and #details > 0 then
    redis.call('SET', bucket_prefix .. 'details:' .. id, details, 'EX', seconds)
  end
end
return {'fresh', id}
"""
"""Append a request to its stream, unless it repeats one of the duplicate window.

KEYS stream, backlog, partitions, heard. ARGV layout, id (16 bytes), duplicate key (16 bytes, or ''
for none), window (s), prefix of the duplicate buckets, shard, backlog limit (bytes), overhead of an
entry (bytes), format, kind, meta, body, the app that it shows to be heard, or '', and when it came
in (ms); for a message that was decided on also the verdict (1 byte), the decision with its votes,
the details of the answer and how long they are kept (s).
Returns {'fresh', id}, {'duplicate', id of the first}, the same with the first one's verdict behind
its id and with its details ('' when they are gone), {'full', ''} or {'partitions', the layout in
force}.

As several commands: of two equal requests at once both would be appended; or a key would be set for
an event that was never appended, and its repeat be swallowed; or a repeat would be told a verdict
without its details. When the id under the key is its own, the script is repeating itself after a
lost answer, and says fresh. A key lives in the bucket of its window, for one to two windows.
"""

IDS = """
local found = {}
local entries = redis.call('XRANGE', KEYS[1], ARGV[1], '+', 'COUNT', ARGV[2])
for _, entry in ipairs(entries) do
  local fields = entry[2]
  for i = 1, #fields, 2 do
    if fields[i] == 'm' then table.insert(found, string.sub(fields[i + 1], 3, 38)) end
  end
end
return {entries[#entries] and entries[#entries][1] or '', table.concat(found)}
"""
"""The ids of the requests in a part of a stream. KEYS stream. ARGV id of an entry, `(` before it:
behind that one; how many entries. Returns {id of the last entry, or '' for none, their requests'
ids of 36 characters each}: with them the list in `m` begins.

Several commands would be as right, but the body of every entry would cross the wire.
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
    local marks = {}
    for _, item in ipairs(partition[2]) do
      local entry, cost, results = item[1], item[2], item[3]
      for handler in pairs(results) do
        table.insert(marks, entry .. '/' .. handler)
        if #marks == 1000 then
          redis.call('HDEL', progress, unpack(marks))
          marks = {}
        end
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
    if #marks > 0 then redis.call('HDEL', progress, unpack(marks)) end
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

OVERVIEW = """
local time = redis.call('TIME')
local partitions = {}
for i = 9, #KEYS, 2 do
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
  redis.call('GET', KEYS[7]) or '',
  type(memory) == 'string' and string.match(memory, 'maxmemory:(%d+)') or '0', partitions,
  redis.call('HGETALL', KEYS[8])
}
"""
"""How everything stands. KEYS members, backlog, runs, unfinished, leader, counters, figures, heard,
then stream and lease of every partition. ARGV how long a heartbeat counts (ms). Returns {time (s),
live drainers, backlog (bytes), counters of runs, what the scheduler told of unfinished runs,
whether a scheduler leads, other counters, what it told of figures, maxmemory (bytes; 0 for none, or
when it is hidden), {entries, id of the oldest, whether leased} of every partition, when each app
was heard last (ms)}.

Several commands would be as right, but the body of every oldest entry would cross the wire at each
scrape.
"""
