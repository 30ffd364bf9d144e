"""Times and durations as people read them."""

import math

from comethooks.workers.journal import iso

_UNITS = ((2 * 86_400, 86_400, "d"), (2 * 3600, 3600, "h"), (2 * 60, 60, "m"), (0, 1, "s"))
"""From how many seconds on a time is written in which unit, and how many seconds a unit has."""


def moment(ms: int | None) -> str:
    """An instant for people: UTC, to the second; empty when there is none."""
    return "" if ms is None else f"{iso(ms)[:19]}Z"


def precise(ms: int | None) -> str:
    """An instant for people who compare: UTC, to the millisecond; empty when there is none."""
    return "" if ms is None else iso(ms)


def duration(ms: int) -> str:
    """How long something took."""
    return f"{ms} ms" if ms < 10_000 else f"{ms / 1000:.1f} s"


def due_in(ms: int | None, now: int) -> str:
    """How long it is until something is due, such as `in 5m`; empty when it never is."""
    if ms is None:
        return ""
    seconds = (ms - now) / 1000
    if seconds <= 0:
        return "now"
    length, unit = next((length, unit) for least, length, unit in _UNITS if seconds >= least)
    return f"in {math.ceil(seconds / length)}{unit}"
