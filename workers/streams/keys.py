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
| `web_plugins` | hash | the same of each web process, and which of its deciders rest; expires |
| `handlers` | hash | every handler that was loaded lately to when, and what it wants (JSON) |
| `progress:<p>` | hash | `entry/handler` to the mark of that run: started, or its result |
| `backlog` | string | bytes waiting in all streams |
| `endings` | hash | `host|boot|pid` of a killed work-horse to how: `SIGKILL`, …; expires |
| | | the same with `|runs` to the names of the runs that it was at (JSON) |
| `leader` | string | `host|boot|pid` of the scheduler that leads; expires |
| `unfinished` | hash | `state|mode` to how many runs are in it, and two times: metrics; expires |
| `figures` | string | a list of figures of the last whole minute (JSON): metrics; expires |
| `runs` | hash | `handler|state|mode` to how many runs ended so: metrics |
| `counters` | hash | `name|label` to how often that happened: metrics |
| `heard` | hash | app to when an event of it was last accepted (ms) |
| `journal` | string | the id of the journal that all this ends up in |
| `taken_over` | set | the ids of journals that are gone, whose events end up in that one |
| `limits:<what>` | hash | calls of CometChat in a minute and the one before; expires |
| `windows:<hash>` | sorted set | what happened lately (hashes), by time (ms): a sender's messages |
| `probe` | string | nothing, ever: the readiness check sets it only if it exists |
| `duplicates:<window>:<bucket>:<shard>` | hash | duplicate key to the event's id, 16 bytes each; |
| | | behind the id of a message in flight what was decided on it, 1 byte |
| `duplicates:<window>:details:<id>` | string | what the answer to it says beside that; expires |
"""

from comethooks.workers.settings.values import DEFAULT_PREFIX

PREFIX = DEFAULT_PREFIX
"""How every key begins, until `begin_with` says otherwise. All these are read from the module when
they are used, never copied from it.
"""
PARTITIONS = PREFIX + "partitions"
EMPTYING = PREFIX + "emptying"
FENCE = PREFIX + "fence"
MEMBERS = PREFIX + "members"
PLUGINS = PREFIX + "plugins"
WEB_PLUGINS = PREFIX + "web_plugins"
HANDLERS = PREFIX + "handlers"
BACKLOG = PREFIX + "backlog"
ENDINGS = PREFIX + "endings"
LEADER = PREFIX + "leader"
UNFINISHED = PREFIX + "unfinished"
TOLD_AT = "told_at"
OLDEST_DUE_AT = "oldest_due_at"
LEFT_OUT = "left_out"
"""The fields beside the states: when they were counted (s), and when the first of the runs is or
was due (s). And what stands in place of the mode beside a handler: how many of its runs wait for
its plugin."""
OPEN_CASES = "open_cases"
"""The same beside a severity: how many cases of moderation are open."""
FIGURES = PREFIX + "figures"
RUNS = PREFIX + "runs"
COUNTERS = PREFIX + "counters"
HEARD = PREFIX + "heard"
JOURNAL = PREFIX + "journal"
TAKEN_OVER = PREFIX + "taken_over"
PROBE = PREFIX + "probe"
"""Never there: whoever asks whether Redis would write sets it only if it exists."""
DUPLICATES = PREFIX + "duplicates"
WINDOWS = PREFIX + "windows"

_OF_THE_PREFIX = tuple(
    name
    for name, value in globals().items()
    if name.isupper() and isinstance(value, str) and value.removeprefix(PREFIX) not in (value, "")
)


def begin_with(prefix: str) -> None:
    """Have every key of this process begin with `prefix`: whoever loads the settings says so, once
    and before anything is done in Redis. A work-horse inherits it.
    """
    # Of the module, and no argument of everything that has a key: a process has one deployment.
    names = globals()
    for name in _OF_THE_PREFIX:
        names[name] = prefix + names[name].removeprefix(PREFIX)
    names["PREFIX"] = prefix


def queue(name: str) -> str:
    """What the RQ queue `name` is called in Redis: RQ has keys of its own for each."""
    return name if PREFIX == DEFAULT_PREFIX else f"{PREFIX}{name}"


def stream(partition: int) -> str:
    """The stream of a partition."""
    return f"{PREFIX}events:{partition}"


def lease(partition: int) -> str:
    """The lease of a partition."""
    return f"{PREFIX}lease:{partition}"


def progress(partition: int) -> str:
    """The marks of the runs of a partition."""
    return f"{PREFIX}progress:{partition}"


def limit(what: str) -> str:
    """The calls that count against a limit of CometChat."""
    return f"{PREFIX}limits:{what}"
