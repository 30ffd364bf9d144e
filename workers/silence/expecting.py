"""How many events of an app were to be expected, by the same hours of earlier weeks.

An app has lulls, at night and at weekends, so how long nothing has come says little. What came in
the same hour of each of the four weeks before says how much there should have been.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

HOUR_MS = 3600 * 1000
WEEK_MS = 7 * 24 * HOUR_MS
WEEKS = 4
"""How many weeks are looked back on."""
ENOUGH = 20
"""When so many events were to be expected and none came, the app is silent: were they to come one
by one and by chance, that would happen once in 500 million times."""

CountOf = Callable[[int], int]
"""How many events there were in the hour that begins at that moment (ms)."""


@dataclass(frozen=True, slots=True)
class History:
    """What is known of an app's earlier weeks: the events of each hour, from the hour that begins
    at `first` on (ms).
    """

    first: int
    count: CountOf


def hour_of(ms: int) -> int:
    """When the hour of a moment began."""
    return ms - ms % HOUR_MS


def expected(history: History | None, since: int, until: int) -> float | None:
    """How many events were to be expected from `since`, when the last one came, to `until` (ms).

    None while the app has been known for less than a week.
    """
    if history is None or hour_of(until) - WEEK_MS < history.first:
        return None
    return sum(
        _in_hour(history, hour, hour_of(since)) * share for hour, share in _hours(since, until)
    )


def hours_before(hour: int, last: int) -> list[int]:
    """The same hours of the four weeks before the hour `last`, which is not after `hour`."""
    # Weeks of the silence itself say nothing of what was to be expected.
    nearest = 1 + (hour - last) // WEEK_MS
    return [hour - weeks * WEEK_MS for weeks in range(nearest, nearest + WEEKS)]


def _in_hour(history: History, hour: int, last: int) -> float:
    known = [each for each in hours_before(hour, last) if each >= history.first]
    return sum(map(history.count, known)) / len(known) if known else 0.0


def _hours(since: int, until: int) -> Iterator[tuple[int, float]]:
    """Each hour of the time between, and which part of the hour is in it."""
    for hour in range(hour_of(since), until, HOUR_MS):
        yield hour, (min(until, hour + HOUR_MS) - max(since, hour)) / HOUR_MS
