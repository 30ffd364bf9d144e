"""Buckets: of which sizes there are, and in which one an event counts. All are of UTC."""

from datetime import UTC, datetime
from enum import StrEnum

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
MOST_AHEAD_MS = DAY_MS
"""An event that says it happened later than this after its receipt counts at its receipt."""
EARLIEST_MS = 946_684_800_000
"""The year 2000: what says that it happened before counts at its receipt, since that is a clock
that was never set.
"""


class Size(StrEnum):
    """How long a bucket is."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    MONTH = "month"


SUMMED = (Size.MINUTE, Size.HOUR, Size.DAY)
"""The sizes of what is added up."""
DISTINCT = (Size.HOUR, Size.DAY, Size.MONTH)
"""The sizes of what is counted once, however often it comes."""
SAMPLED = (Size.HOUR, Size.DAY)
"""The sizes of what is looked at every few minutes."""
_LENGTH_MS = {Size.MINUTE: MINUTE_MS, Size.HOUR: HOUR_MS, Size.DAY: DAY_MS}


def believed(occurred_at: int | None, received_at: int) -> int | None:
    """When an event happened, in milliseconds, if what it says of that can be true."""
    if occurred_at is None or not EARLIEST_MS <= occurred_at <= received_at + MOST_AHEAD_MS:
        return None
    return occurred_at


def minute_of(ms: int) -> int:
    """When the minute begins that a time lies in."""
    return ms - ms % MINUTE_MS


def hour_of(ms: int) -> int:
    """When the hour does."""
    return ms - ms % HOUR_MS


def start_of(size: Size, ms: int) -> int:
    """When the bucket begins that a time lies in."""
    if length := _LENGTH_MS.get(size):
        return ms - ms % length
    day = datetime.fromtimestamp(ms // 1000, UTC)
    return int(datetime(day.year, day.month, 1, tzinfo=UTC).timestamp()) * 1000


def end_of(size: Size, start: int) -> int:
    """When the bucket ends that begins at `start`."""
    if length := _LENGTH_MS.get(size):
        return start + length
    return start_of(Size.MONTH, start + 32 * DAY_MS)
