"""Instants: integer milliseconds since the epoch inside, ISO 8601 in UTC outside."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache

_EPOCH = datetime(1970, 1, 1)
_EPOCH_UTC = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
# A year is left free at both ends of what datetime holds: a database may answer in a time zone of
# its own.
_EARLIEST = (datetime(2, 1, 1) - _EPOCH) // _MILLISECOND
_LATEST = (datetime(9998, 12, 31) - _EPOCH) // _MILLISECOND


@lru_cache(maxsize=4096)
def iso(ms: int) -> str:
    """`ms` as ISO 8601 with milliseconds and Z: always 24 characters, so text sorts by time."""
    # Cached, since the rows of a batch tell of a few milliseconds.
    seconds, milliseconds = divmod(ms, 1000)
    return f"{(_EPOCH + timedelta(seconds=seconds)).isoformat()}.{milliseconds:03}Z"


def from_iso(text: str) -> int:
    """The milliseconds that `iso` was given."""
    return from_datetime(datetime.fromisoformat(text))


def from_text(text: str) -> int:
    """The milliseconds of an ISO date or time, in UTC without a zone. Raises `ValueError`."""
    moment = datetime.fromisoformat(text)
    return from_datetime(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def to_datetime(ms: int) -> datetime:
    """`ms` as an aware datetime in UTC."""
    return _EPOCH_UTC + timedelta(milliseconds=ms)


def from_datetime(moment: datetime) -> int:
    """The milliseconds of an aware datetime, rounded down."""
    return (moment - _EPOCH_UTC) // _MILLISECOND


def storable(ms: int | None) -> int | None:
    """`ms` if it is an instant that both databases can hold (years 2 to 9998), else None."""
    return ms if ms is not None and _EARLIEST <= ms <= _LATEST else None
