"""How many events of an app were to be expected, by the same hours of earlier weeks.

An app has lulls, at night and at weekends, so how long nothing has come says little. What came in
the same hour of each of the four weeks before says how much there should have been.

A mean alone would cry wolf: after one hour with a campaign or an import in it, four weeks long. So
of each week no more counts than is usual for the hour (`_most`). And when clocks were changed, what
people do moves by an hour (`shifts`).
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from comethooks.workers.analytics.sizes import DAY_MS, HOUR_MS, hour_of

WEEK_MS = 7 * DAY_MS
WEEKS = 4
"""How many weeks are looked back on."""
ENOUGH = 20
"""When so many events were to be expected and none came, the app is silent: were they to come one
by one and by chance, that would happen once in 500 million times."""

_TIMES, _MORE = 3, 5
"""An hour counts for no more than so many times what is usual for it, and so many events more."""
_SAY_USUAL = 3
"""So many weeks say by themselves what is usual; of fewer, the hours beside are asked as well."""
_ZONES = ("Europe/London", "America/New_York", "Australia/Sydney")
"""Clocks change on other days in each of them, and elsewhere nearly always as in one of them."""
_MOVED_MS = 15 * DAY_MS
"""After two weeks, what is usual has moved with the clocks."""

CountOf = Callable[[int], int]
"""How many events there were in the hour that begins at that moment (ms)."""


@dataclass(frozen=True, slots=True)
class History:
    """What is known of an app's earlier weeks: the events of each hour, from the hour that begins
    at `first` on (ms). They may not change any more, since what was worked out of them is kept.
    """

    first: int
    count: CountOf
    so_far: dict[int, tuple[int, int, float]] = field(default_factory=dict, compare=False)
    """By shift: since when and until when (ms) so many events were to be expected."""


def expected(history: History | None, since: int, until: int) -> float | None:
    """How many events were to be expected from `since`, when the last one came, to `until` (ms).

    None while the app has been known for less than a week.
    """
    if history is None or hour_of(until) - WEEK_MS < history.first:
        return None
    return min(_between(history, shift, since + shift, until + shift) for shift in shifts(until))


def shifts(at: int) -> tuple[int, ...]:
    """By how much (ms) what came in other weeks may have come earlier or later than it is to be
    expected at a moment: clocks may have been changed since then.
    """
    for name in _ZONES:
        with suppress(ZoneInfoNotFoundError):  # a machine need not know of time zones
            zone = ZoneInfo(name)
            now, before = (datetime.fromtimestamp(ms // 1000, UTC) for ms in (at, at - _MOVED_MS))
            if now.astimezone(zone).utcoffset() != before.astimezone(zone).utcoffset():
                return 0, -HOUR_MS, HOUR_MS
    return (0,)


def _between(history: History, shift: int, since: int, until: int) -> float:
    # An app may be quiet for weeks, and is looked at every few seconds: hours that were added up
    # are not added up again.
    began, end, total = history.so_far.get(shift, (since, since, 0.0))
    if began != since or until < end:
        end, total = since, 0.0
    whole = max(end, hour_of(until))
    total += _added_up(history, end, whole, hour_of(since))
    history.so_far[shift] = since, whole, total
    return total + _added_up(history, whole, until, hour_of(since))


def _added_up(history: History, since: int, until: int, last: int) -> float:
    return sum(_in_hour(history, hour, last) * share for hour, share in _hours(since, until))


def hours_before(hour: int, last: int) -> list[int]:
    """The same hours of the four weeks before the hour `last`, which is not after `hour`."""
    # Weeks of the silence itself say nothing of what was to be expected.
    nearest = 1 + (hour - last) // WEEK_MS
    return [hour - weeks * WEEK_MS for weeks in range(nearest, nearest + WEEKS)]


def _in_hour(history: History, hour: int, last: int) -> float:
    known = [each for each in hours_before(hour, last) if each >= history.first]
    if not known:
        return 0.0
    most = _most(history, known)
    return sum(min(history.count(each), most) for each in known) / len(known)


def _most(history: History, hours: Sequence[int]) -> int:
    """What these hours, the same of several weeks, may count for, each of them."""
    beside = () if len(hours) >= _SAY_USUAL else (-HOUR_MS, HOUR_MS)
    counts = sorted(history.count(hour + step) for hour in hours for step in (0, *beside))
    usual = counts[(len(counts) - 1) // 2]
    return _TIMES * usual + _MORE


def _hours(since: int, until: int) -> Iterator[tuple[int, float]]:
    """Each hour of the time between, and which part of the hour is in it."""
    for hour in range(hour_of(since), until, HOUR_MS):
        yield hour, (min(until, hour + HOUR_MS) - max(since, hour)) / HOUR_MS
