"""Which buckets are shown: their size, and from when to when. Pure functions."""

from collections.abc import Iterator
from dataclasses import dataclass

import click

from comethooks.cli.terminal import filters
from comethooks.workers.analytics.sizes import DAY_MS, MOST_AHEAD_MS, Size, end_of, start_of

_HOUR_MS = 3_600_000
_USUALLY_MS = {
    Size.MINUTE: _HOUR_MS,
    Size.HOUR: DAY_MS,
    Size.DAY: 30 * DAY_MS,
    Size.MONTH: 365 * DAY_MS,
}
"""How far back is looked in buckets of a size, unless it is said."""
_MOST_BY_HOUR_MS = 3 * DAY_MS
"""Longer periods are shown by day, unless a size is given."""
_WRITTEN = {
    Size.MINUTE: len("2026-11-21T10:30"),
    Size.HOUR: len("2026-11-21T10:30"),
    Size.DAY: len("2026-11-21"),
    Size.MONTH: len("2026-11"),
}


@dataclass(frozen=True, slots=True)
class Period:
    """Buckets of one size: the first begins at `since`, the last before `until` (ms)."""

    size: Size
    since: int
    until: int

    def starts(self) -> Iterator[int]:
        """When each bucket begins, in milliseconds."""
        start = self.since
        while start < self.until:
            yield start
            start = end_of(self.size, start)


def period(size: Size | None, since: int | None, until: int | None, now: int) -> Period:
    """The buckets that are asked for, in milliseconds; the first is the one that `since` lies in.

    Ends the command as wrong use when there are none.
    """
    check_past(since, until, now)
    end = now if until is None else min(until, now + MOST_AHEAD_MS)
    if size is None:
        size = Size.HOUR if since is None or end - since <= _MOST_BY_HOUR_MS else Size.DAY
    begin = end - _USUALLY_MS[size] if since is None else since
    return Period(size, start_of(size, max(0, begin)), end)


def check_past(since: int | None, until: int | None, now: int) -> None:
    """End the command as wrong use when nothing can have been counted between the two."""
    filters.check_times(since, until)
    if since is not None and since > now:
        raise click.UsageError("--since is in the future: nothing can have been counted since")


def written(size: Size, text: str) -> str:
    """The beginning of a bucket as people read it, of what `iso` makes of it."""
    shown = text[: _WRITTEN[size]]
    return f"{shown}Z" if size in (Size.MINUTE, Size.HOUR) else shown
