from datetime import UTC, datetime

import pytest

from comethooks.workers.journal.times import from_iso, from_text, iso, storable, to_datetime


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_760_000_000_007, "2025-10-09T08:53:20.007Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
        (-62_000_000_000_000, "0005-04-19T09:46:40.000Z"),
    ],
)
def test_iso_keeps_every_millisecond_both_ways(ms: int, text: str):
    """An instant in text is always as long, and is the same instant when it is read again."""
    assert iso(ms) == text
    assert from_iso(text) == ms


def test_a_text_without_a_zone_is_in_utc():
    """However people write it."""
    assert from_text("1970-01-02") == 24 * 3600 * 1000
    assert from_text("1970-01-01 01:00:00.007+01:00") == from_text("1970-01-01T00:00:00.007") == 7
    with pytest.raises(ValueError):
        from_text("yesterday")


def test_a_datetime_is_in_utc():
    """What a database is given says its zone."""
    assert to_datetime(1_500) == datetime(1970, 1, 1, 0, 0, 1, 500_000, tzinfo=UTC)


def test_only_instants_that_both_databases_hold_are_storable():
    """Milliseconds taken for microseconds, and numbers that are no times, become None."""
    assert storable(1_760_000_000_000) == 1_760_000_000_000
    assert storable(None) is None
    assert [storable(ms) for ms in (1_760_000_000_000_000, 2**70, -(2**70))] == [None, None, None]
