"""Waiting on conditions: the only way a test waits."""

import threading
import time
from collections.abc import Callable

_PAUSE = threading.Event()


def wait_for(condition: Callable[[], object], what: str, *, seconds: float = 30.0) -> float:
    """Return once `condition()` is true: the seconds that it took. Fails the test, naming `what`,
    when it is not.
    """
    started = time.monotonic()
    while not condition():
        if time.monotonic() - started > seconds:
            raise AssertionError(f"after {seconds:g} s it is still not so that {what}")
        _PAUSE.wait(0.01)
    return time.monotonic() - started
