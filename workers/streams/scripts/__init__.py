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
