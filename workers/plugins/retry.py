"""What a handler says of its runs that fail: whether there is another attempt, and when.

Declared with `Retry` when it is registered, or said by raising `Stop` or `RetryLater`.
"""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeGuard

LONGEST_WAIT_SECONDS = 365 * 24 * 3600.0
"""The longest that a run waits for its next attempt, whatever is asked for: dates have an end."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Retry:
    """How often a failing run is tried, and how long it waits in between.

    The wait is random, up to a bound that doubles with every attempt, so that runs that failed
    together do not come again together. Raises `ValueError`.
    """

    attempts: int = 5
    """How many there may be, the first one included."""
    base: float = 1.0
    """The bound after the first attempt, in seconds."""
    cap: float = 3600.0
    """Where the bound stops growing, in seconds."""
    jitter: bool = True
    """Whether the wait is random. If not, it is as long as the bound."""

    def __post_init__(self) -> None:
        if not _is_whole(self.attempts) or self.attempts < 1:
            problem = (
                "write how many attempts there may be, the first one included: Retry(attempts=5)"
            )
            raise ValueError(f"attempts={self.attempts!r}: {problem}")
        for name, value in (("base", self.base), ("cap", self.cap)):
            if not is_seconds(value) or value <= 0:
                raise ValueError(
                    f"{name}={value!r}: write a number of seconds above 0: Retry({name}=60)"
                )
        if self.base > self.cap:
            problem = (
                f"the wait cannot begin above its cap: Retry(base={self.cap!r}, cap={self.base!r})"
            )
            raise ValueError(f"base={self.base!r}, cap={self.cap!r}: {problem}")
        if not isinstance(self.jitter, bool):
            raise ValueError(f"jitter={self.jitter!r}: write jitter=True or jitter=False")  # noqa: TRY004

    def delay(self, attempt: int, random: Callable[[], float] = random.random) -> float:
        """Seconds to wait after attempt number `attempt`, from 1, has failed."""
        try:
            bound = min(self.cap, math.ldexp(self.base, attempt - 1))
        except OverflowError:
            bound = self.cap
        return bound * random() if self.jitter else bound


class Stop(Exception):
    """`raise Stop("why")` in a handler ends the run without another attempt: it is dead."""


class RetryLater(Exception):
    """`raise RetryLater(60)` in a handler asks for another attempt after so many seconds.

    The attempt that raises it counts: after the last one that the handler's `Retry` allows, the run
    is dead. A handler that was registered without one gets the attempts of `Retry()`. Raises
    `ValueError`.
    """

    def __init__(self, seconds: float) -> None:
        if not is_seconds(seconds) or seconds < 0:
            raise ValueError(
                f"RetryLater({seconds!r}): write a number of seconds, 0 or more: RetryLater(60)"
            )
        super().__init__(f"in {seconds} s")
        self.seconds = seconds


class NotYet(RetryLater):
    """Raised by a handler's context that could not begin something. It does not count."""

    def __init__(self, seconds: float, why: str) -> None:
        super().__init__(seconds)
        self.args = (f"{why}; again in {seconds:g} s",)


def next_attempt(
    retry: Retry | None,
    attempt: int,
    error: BaseException,
    *,
    random: Callable[[], float] = random.random,
) -> float | None:
    """Seconds until the attempt after `attempt`, which `error` ended; None if none follows."""
    asked = _asked(error)
    if not counts(error):
        return asked or 0.0
    if isinstance(error, Stop) or (retry is None and asked is None):
        return None
    retry = retry or Retry()
    if attempt >= retry.attempts:
        return None
    return min(retry.delay(attempt, random) if asked is None else asked, LONGEST_WAIT_SECONDS)


def counts(error: BaseException) -> bool:
    """Whether an attempt that `error` ended is one of those that a `Retry` allows."""
    return not isinstance(error, NotYet)


def is_seconds(value: object) -> TypeGuard[float]:
    """Whether `value` is a finite number, of whatever sign."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number that no float can hold
        return False


def _asked(error: BaseException) -> float | None:
    """The seconds that a `RetryLater` asks for. A subclass may hold none, or nonsense."""
    seconds = getattr(error, "seconds", None) if isinstance(error, RetryLater) else None
    return seconds if is_seconds(seconds) and seconds >= 0 else None


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
