"""How many events were to be expected: by the same hours of earlier weeks, and by nothing else."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from comethooks.workers.analytics.sizes import HOUR_MS, hour_of
from comethooks.workers.silence.expecting import (
    ENOUGH,
    WEEK_MS,
    History,
    expected,
    hours_before,
    shifts,
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
    counts = {
        NOON - week * WEEK_MS + step: 10 * week
        for week in range(1, 10)
        for step in (-HOUR_MS, 0, HOUR_MS)
    }
    assert expected(known_for(weeks, counts), NOON, NOON + HOUR_MS) == mean


@pytest.mark.parametrize("weeks", [1, 2, 3, 4])
def test_one_hour_with_a_campaign_in_it_is_not_expected_again(weeks: int) -> None:
    """Ten thousand events came in an hour that has ten or so, maybe in the only week there was."""
    usual = {
        NOON - week * WEEK_MS + step * HOUR_MS: 10 for week in range(5) for step in range(-9, 9)
    }
    history = known_for(weeks, {**usual, NOON - WEEK_MS: 10_000})
    assert expected(history, NOON, NOON + 30 * MINUTE_MS) < ENOUGH


def test_an_app_with_19_events_a_week_is_silent_after_a_week_and_more() -> None:
    """They are as good as any others, if they come now and then."""
    monday = {
        MONDAY - week * WEEK_MS + 9 * HOUR_MS * each: 1
        for week in range(1, 5)
        for each in range(19)
    }
    history = known_for(5, monday)
    assert expected(history, MONDAY, MONDAY + WEEK_MS) == 19
    assert expected(history, MONDAY, MONDAY + WEEK_MS + 10 * HOUR_MS) == 21


def test_hours_that_were_added_up_are_not_added_up_again() -> None:
    """An app that has been quiet for weeks is looked at every five seconds, as any other is."""
    asked: list[int] = []
    weeks = History(NOON - 8 * WEEK_MS, lambda hour: asked.append(hour) or 1)  # type: ignore[func-returns-value]
    looks = [NOON + 3 * WEEK_MS + each * 5_000 for each in range(1000)]
    found = [expected(weeks, NOON, now) for now in looks]
    assert len(asked) < 3 * 7 * 24 * 10 + len(looks) * 20
    fresh = [expected(History(weeks.first, lambda _: 1), NOON, now) for now in looks[::100]]
    assert found[::100] == pytest.approx(fresh)
    assert expected(weeks, NOON + HOUR_MS, looks[0]) == pytest.approx(fresh[0] - 1)
    assert expected(weeks, NOON + HOUR_MS, NOON + 2 * HOUR_MS) == pytest.approx(1)


CHANGED = round(datetime(2026, 10, 25, tzinfo=UTC).timestamp() * 1000)
"""A Sunday: the day on which clocks went back in Europe. In America they did a week later."""


def by_london_day(hour: int) -> int:
    """From 8 to 22 o'clock by the clocks of London."""
    moved = HOUR_MS if hour < CHANGED + HOUR_MS else 0
    return by_day(hour + moved)


def test_in_the_weeks_after_clocks_were_changed_the_hours_beside_are_looked_at_as_well() -> None:
    """Each morning begins an hour later than in the weeks before, and no lull is an alarm."""
    history = History(CHANGED - 5 * WEEK_MS, by_london_day)
    days = range(CHANGED, CHANGED + 7 * WEEK_MS, 24 * HOUR_MS)
    for day in days:
        evening, morning = day + 22 * HOUR_MS - 1, day + 32 * HOUR_MS
        assert expected(history, evening, morning) < ENOUGH
        # It begins an hour and a bit later then, at the latest.
        assert expected(history, evening, morning + HOUR_MS + 3 * MINUTE_MS) > ENOUGH


def test_clocks_are_known_to_have_been_changed_for_two_weeks() -> None:
    """Of Europe, America and Australia, in spring and in autumn."""
    days = range(CHANGED - 15 * WEEK_MS, CHANGED + 37 * WEEK_MS, 24 * HOUR_MS)
    moved = sum(len(shifts(day)) > 1 for day in days)
    assert moved == 72
    assert [len(shifts(CHANGED + each * WEEK_MS)) for each in (-4, 0, 1, 3, 4)] == [1, 1, 3, 3, 1]


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
