"""What a test leaves behind in its process, which the tests after it would pay for."""

import threading
import time
import warnings
from collections.abc import Iterator

import pytest

from comethooks.workers.streams.breaker import Breaker

_SECONDS = 0.5
"""How long threads that were told to end may take."""


@pytest.fixture(autouse=True)
def threads_end() -> Iterator[None]:
    """Warns of threads that go on after their test: something was not closed."""
    before = set(threading.enumerate())
    yield
    left = [thread for thread in threading.enumerate() if thread not in before]
    end = time.monotonic() + _SECONDS
    while left and time.monotonic() < end:
        time.sleep(0.01)  # not join, which a thread that is about to start refuses
        left = [thread for thread in left if thread.is_alive()]
    if left:
        names = ", ".join(sorted(thread.name for thread in left))
        warnings.warn(f"threads go on after their test: {names}", stacklevel=1)


@pytest.fixture(autouse=True)
def breakers_end(threads_end: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Ends the breakers that a test has opened. Each has a thread that asks ten times a second
    whether its server answers, and that server is gone.
    """
    opened: list[Breaker] = []
    ordinary = Breaker.open

    def noted(breaker: Breaker, cause: Exception) -> None:
        opened.append(breaker)
        ordinary(breaker, cause)

    monkeypatch.setattr(Breaker, "open", noted)
    yield
    for breaker in opened:
        breaker.end()
