"""How many connections were open at once."""

from collections import Counter, defaultdict
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comethooks.workers.analytics.body_readings import ToldSession
from comethooks.workers.analytics.sessions import EVERY_MS, LONGEST_MS, changes, open_times, peak
from comethooks.workers.analytics.sizes import DAY_MS, Size

HOUR_MS = 3_600_000
START = 19_000 * DAY_MS
"""The beginning of a day."""
SESSIONS = st.lists(st.tuples(st.integers(0, 3 * DAY_MS), st.integers(0, 2 * DAY_MS)), max_size=20)


def peaks(sessions: Sequence[tuple[int, int]]) -> dict[tuple[Size, int], int]:
    """The peak of each bucket, of connections by when they began after `START`, and how long they
    lasted.
    """
    steps: defaultdict[tuple[Size, int], Counter[int]] = defaultdict(Counter)
    for since, lasted in sessions:
        told = ToldSession("ios", START + since, START + since + lasted)
        if (times := open_times(told)) is not None:
            for size, bucket, step, value in changes(times):
                steps[size, bucket][step] += value
    return {key: most for key, each in steps.items() if (most := peak(each))}


@given(SESSIONS)
def test_the_peak_is_the_most_at_any_time_that_is_looked_at(
    sessions: list[tuple[int, int]],
) -> None:
    """As looking at each of them says; and that of a day is the largest of its hours'."""
    expected: dict[tuple[Size, int], int] = {}
    for at in range(START, START + 6 * DAY_MS, EVERY_MS):
        number = sum(since <= at - START < since + lasted for since, lasted in sessions)
        for size, length in ((Size.HOUR, HOUR_MS), (Size.DAY, DAY_MS)):
            key = (size, at - at % length)
            expected[key] = max(number, expected.get(key, 0))
    assert peaks(sessions) == {key: number for key, number in expected.items() if number}


def test_a_connection_that_ends_as_another_one_begins_is_not_open_beside_it() -> None:
    """It is open from when it began until just before it ended."""
    assert peaks([(0, HOUR_MS), (HOUR_MS, HOUR_MS)]) == {
        (Size.HOUR, START): 1,
        (Size.HOUR, START + HOUR_MS): 1,
        (Size.DAY, START): 1,
    }


@pytest.mark.parametrize(("since", "lasted"), [(1, EVERY_MS - 1), (5, 0), (7, -HOUR_MS)])
def test_a_connection_between_two_looks_is_not_seen(since: int, lasted: int) -> None:
    """Nor one that ended before it began, as clocks may say."""
    assert peaks([(since, lasted)]) == {}


def test_of_a_connection_of_years_the_last_week_counts() -> None:
    """Otherwise one event would change a bucket of each hour since."""
    told = ToldSession("ios", START - 2000 * DAY_MS, START)
    times = open_times(told)
    assert times == (START - LONGEST_MS, START)
    assert sum(change.size is Size.HOUR for change in changes(times)) == 7 * 24
