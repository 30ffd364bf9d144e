"""How many events were to be expected: by the same hours of earlier weeks, and by nothing else."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from comethooks.workers.silence.expecting import (
    ENOUGH,
    HOUR_MS,
    WEEK_MS,
    History,
    expected,
    hour_of,
    hours_before,
)

MONDAY = round(datetime(2026, 11, 30, tzinfo=UTC).timestamp() * 1000)
NOON = MONDAY + 12 * HOUR_MS
MINUTE_MS = 60_000


def by_day(hour: int) -> int:
    """From 8 to 22 o'clock 600 events an hour, and at night none."""
    return 600 if 8 <= hour % (24 * HOUR_MS) // HOUR_MS < 22 else 0


def known_for(weeks: float, count: Mapping[int, int] | None = None) -> History:
    """An app that has been known for so many weeks."""
    first = hour_of(NOON - int(weeks * WEEK_MS))
    return History(first, by_day if count is None else lambda hour: count.get(hour, 0))


def test_at_noon_as_many_as_in_the_same_hour_of_other_weeks() -> None:
    """Ten a minute: after two minutes it is enough to be sure."""
    history = known_for(5)
    assert expected(history, NOON, NOON) == 0
    assert expected(history, NOON, NOON + 2 * MINUTE_MS) == ENOUGH
    assert expected(history, NOON - 30 * MINUTE_MS, NOON + 30 * MINUTE_MS) == 600


def test_in_a_nightly_lull_none() -> None:
    """Ten hours without an event are usual; what counts is from eight o'clock on."""
    history = known_for(5)
    evening, morning = MONDAY - 2 * HOUR_MS, MONDAY + 8 * HOUR_MS
    assert expected(history, evening, morning) == 0
    assert expected(history, evening, morning + 3 * MINUTE_MS) == 30


def test_in_the_first_week_nothing_is_known() -> None:
    """Then what is known of one week, of two, and so on, up to four."""
    assert expected(None, NOON, NOON + HOUR_MS) is None
    assert expected(known_for(0.5), NOON, NOON + HOUR_MS) is None
    assert expected(known_for(1), NOON, NOON + HOUR_MS) == 600


@pytest.mark.parametrize(("weeks", "mean"), [(1, 10), (2, 15), (3, 20), (4, 25), (9, 25)])
def test_weeks_that_are_known_count_alike(weeks: int, mean: int) -> None:
    """Of those before there is nothing to divide by."""
    counts = {NOON - week * WEEK_MS: 10 * week for week in range(1, 10)}
    assert expected(known_for(weeks, counts), NOON, NOON + HOUR_MS) == mean


def test_the_hours_of_the_silence_itself_are_not_looked_back_on() -> None:
    """After a week without an event the week before it still says what was to be expected."""
    history = known_for(5, {NOON - week * WEEK_MS: 3 for week in range(1, 5)})
    assert expected(history, NOON, NOON + 3 * WEEK_MS + HOUR_MS) == 4 * 3


def test_it_looks_back_on_four_weeks_before_the_last_event() -> None:
    """Of an hour that is a week later, on the hour of the last event's week, if it is over."""
    assert hours_before(NOON, NOON) == [NOON - week * WEEK_MS for week in (1, 2, 3, 4)]
    later = NOON + WEEK_MS - HOUR_MS
    assert hours_before(later, NOON)[0] == later - WEEK_MS
    assert hours_before(NOON + WEEK_MS, NOON)[0] == NOON - WEEK_MS
