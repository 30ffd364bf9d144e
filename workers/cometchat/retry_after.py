"""How long an answer asks to wait before the next call."""

import random as chance
from collections.abc import Callable, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from comethooks.workers.clock import now_ms

LONGEST_SECONDS = 3600.0
"""No answer is waited for longer, whatever it asks for: CometChat's limits are by the minute."""
BUSY_SECONDS = 60.0
"""How long a 429 is waited for that names no time: CometChat's limits are by the minute."""
_SPREAD = 0.5


def retry_after(headers: Mapping[str, str], clock: Callable[[], int] = now_ms) -> float | None:
    """Seconds from now, 0 or more, by `Retry-After` (a number or a date) or, without one, by the
    time at which CometChat's limit begins anew; None when neither is told.

    `headers` are found in any case. `clock` tells the time, in milliseconds.
    """
    now = clock() / 1000
    seconds = _after(headers.get("Retry-After", "").strip(), now)
    if seconds is None:
        reset = _said(headers, "Reset")
        seconds = None if reset is None else reset - now
    return None if seconds is None else min(max(seconds, 0.0), LONGEST_SECONDS)


def wait_asked(status: int, headers: Mapping[str, str]) -> float | None:
    """Seconds that an answer asks to wait, be it by its status alone; None when it does not."""
    seconds = retry_after(headers)
    return BUSY_SECONDS if seconds is None and status == HTTPStatus.TOO_MANY_REQUESTS else seconds


def pause_in(
    status: int, headers: Mapping[str, str], clock: Callable[[], int] = now_ms
) -> float | None:
    """Seconds for which nobody is to call, since an answer says that a limit is reached or that it
    was the last call before that; None when it says neither.
    """
    if status == HTTPStatus.TOO_MANY_REQUESTS or _said(headers, "Remaining") == 0:
        return retry_after(headers, clock)
    return None


def spread(seconds: float, random: Callable[[], float] = chance.random) -> float:
    """`seconds`, or up to half as many more: who was sent away together is not to come together."""
    return seconds * (1 + _SPREAD * random())


def _said(headers: Mapping[str, str], what: str) -> float | None:
    # CometChat's documentation spells it both ways.
    names = (f"X-Rate-Limit-{what}", f"X-RateLimit-{what}")
    numbers = (_number(headers.get(name, "").strip()) for name in names)
    return next((number for number in numbers if number is not None), None)


def _after(text: str, now: float) -> float | None:
    seconds = _number(text)
    if seconds is not None:
        return seconds
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - now


def _number(text: str) -> float | None:
    try:
        return float(text) if text.isascii() and text[:1].isdecimal() else None
    except ValueError:
        return None
