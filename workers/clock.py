"""The time of day, as everything here keeps it."""

import time

NS_PER_MS = 1_000_000


def now_ms() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // NS_PER_MS


def now_ns() -> int:
    """Nanoseconds since the epoch."""
    return time.time_ns()
