"""The time of day, as everything here keeps it.

Hosts that share a deployment go by one clock, which is that of the server that they share: what one
writes into a row of SQL, such as until when a run is its own and when the next attempt is due,
another one compares with what time it is. See `workers.streams.servers.shared_clock`.
"""

import time
from datetime import datetime

NS_PER_MS = 1_000_000

_ahead_ns = 0
"""By how much the shared clock is ahead of this host's."""


def now_ms() -> int:
    """Milliseconds since the epoch."""
    return (time.time_ns() + _ahead_ns) // NS_PER_MS  # a run asks twice


def now_ns() -> int:
    """Nanoseconds since the epoch."""
    return time.time_ns() + _ahead_ns


def follow(ahead_ns: int) -> None:
    """From now on, go by a clock that is so much ahead of this host's; 0 is this host's own."""
    # Of the module, as the prefix of keys is: a process has one deployment.
    global _ahead_ns
    _ahead_ns = ahead_ns


def ahead_ns() -> int:
    """By how much the clock that is gone by is ahead of this host's."""
    return _ahead_ns


def milliseconds(moment: datetime) -> int:
    """A moment in milliseconds since the epoch."""
    return round(moment.timestamp() * 1000)
