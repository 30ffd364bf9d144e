"""Bodies that happen at another time: all of the times in them moved by as much."""

import re
from typing import Any

_KEY = re.compile(r"at|timestamp|(?:.*(?:At|_at|Time|_time|Date|Timestamp|_ts))")
_SECONDS = range(10**8, 10**11)
_MILLISECONDS = range(10**11, 10**14)


def moved(value: Any, ms: int) -> Any:
    """A copy of a body with every time in it `ms` milliseconds later; seconds stay whole.

    A time is a number, or the text of one, under a key such as `sentAt`, `joined_at` or
    `timestamp`.
    """
    if isinstance(value, dict):
        return {
            key: _moved_time(item, ms) if _KEY.fullmatch(key) else moved(item, ms)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [moved(item, ms) for item in value]
    return value


def _moved_time(value: Any, ms: int) -> Any:
    if isinstance(value, str) and re.fullmatch(r"[0-9]{9,14}", value):
        return str(_moved_time(int(value), ms))
    if isinstance(value, bool) or not isinstance(value, int | float):
        return moved(value, ms)
    if int(value) in _SECONDS:
        return value + ms // 1000
    return value + ms if int(value) in _MILLISECONDS else value
