"""Which bucket an event counts in."""

from datetime import UTC, datetime

import pytest

from comethooks.workers.analytics.sizes import MOST_AHEAD_MS, Size, believed, end_of, start_of


def ms(text: str) -> int:
    """The milliseconds of an ISO time in UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


NOW = ms("2026-11-29T21:50:36")


@pytest.mark.parametrize(
    ("size", "start", "end"),
    [
        (Size.MINUTE, "2026-11-29T21:50:00", "2026-11-29T21:51:00"),
        (Size.HOUR, "2026-11-29T21:00:00", "2026-11-29T22:00:00"),
        (Size.DAY, "2026-11-29T00:00:00", "2026-11-30T00:00:00"),
        (Size.MONTH, "2026-11-01T00:00:00", "2026-12-01T00:00:00"),
    ],
)
def test_a_bucket_is_one_of_the_calendar_in_utc(size: Size, start: str, end: str) -> None:
    """Whatever the time zone of the machine."""
    assert start_of(size, NOW) == ms(start)
    assert end_of(size, ms(start)) == ms(end)


@pytest.mark.parametrize(
    "occurred_at", [None, 0, ms("1970-01-02"), ms("2100-01-01"), NOW + MOST_AHEAD_MS + 1]
)
def test_a_time_that_cannot_be_is_not_believed(occurred_at: int | None) -> None:
    """Clocks that were never set, and those that are a day ahead."""
    assert believed(occurred_at, NOW) is None


@pytest.mark.parametrize("occurred_at", [NOW, NOW + MOST_AHEAD_MS, ms("2001-01-01")])
def test_any_other_is(occurred_at: int) -> None:
    """What is imported may be old."""
    assert believed(occurred_at, NOW) == occurred_at
