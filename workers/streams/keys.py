"""Every Redis key of ours, written once. RQ's own begin with `rq:`.

| key | type | holds |
|---|---|---|
| `partitions` | string | the layout that is written to, fixed at the first accept or drainer |
| `emptying` | string | the layout before, until it is empty |
| `events:<p>` | stream | what is accepted in partition p and not yet journalled |
| `lease:<p>` | string | `fence|host|boot|pid` of the drainer that has partition p; expires |
| `fence` | string | counter that makes every lease unique |
| `members` | sorted set | `host|boot|pid` of each live drainer, by heartbeat (ms, Redis' clock) |
| `plugins` | hash | `host|boot|pid` of each process at work to what it loaded (JSON); expires |
| `progress:<p>` | hash | `entry/handler` to the mark of that run: started, or its result |
| `backlog` | string | bytes waiting in all streams |
| `endings` | hash | `host|boot|pid` of a killed work-horse to how: `SIGKILL`, …; expires |
| `leader` | string | `host|boot|pid` of the scheduler that leads; expires |
| `unfinished` | hash | `state|mode` to how many runs are in it, and two times: metrics; expires |
| `runs` | hash | `handler|state|mode` to how many runs ended so: metrics |
| `counters` | hash | `name|label` to how often that happened: metrics |
| `probe` | string | nothing, ever: the readiness check sets it only if it exists |
| `duplicates:<window>:<bucket>:<shard>` | hash | duplicate key to the event's id, 16 bytes each |
"""

PREFIX = "comethooks:"
PARTITIONS = PREFIX + "partitions"
EMPTYING = PREFIX + "emptying"
FENCE = PREFIX + "fence"
MEMBERS = PREFIX + "members"
PLUGINS = PREFIX + "plugins"
BACKLOG = PREFIX + "backlog"
ENDINGS = PREFIX + "endings"
LEADER = PREFIX + "leader"
UNFINISHED = PREFIX + "unfinished"
TOLD_AT = "told_at"
OLDEST_DUE_AT = "oldest_due_at"
"""The fields beside the states: when they were counted (s), and when the first of the runs is or
was due (s)."""
RUNS = PREFIX + "runs"
COUNTERS = PREFIX + "counters"
PROBE = PREFIX + "probe"
"""Never there: whoever asks whether Redis would write sets it only if it exists."""
DUPLICATES = PREFIX + "duplicates"


def stream(partition: int) -> str:
    """The stream of a partition."""
    return f"{PREFIX}events:{partition}"


def lease(partition: int) -> str:
    """The lease of a partition."""
    return f"{PREFIX}lease:{partition}"


def progress(partition: int) -> str:
    """The marks of the runs of a partition."""
    return f"{PREFIX}progress:{partition}"
