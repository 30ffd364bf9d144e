"""Waiting on conditions: the only way a test waits."""

import threading
import time
from collections.abc import Callable

_PAUSE = threading.Event()
_PAUSE_SECONDS = 0.01
_LEISURE = 2
"""How much longer than a look at the condition costs the pause after it is: looks that cost much
would slow down what is waited for."""


def wait_for(condition: Callable[[], object], what: str, *, seconds: float = 30.0) -> float:
    """Return once `condition()` is true: the seconds that it took. Fails the test, naming `what`,
    when it is not.
    """
    started = time.monotonic()
    while True:
        looked = time.thread_time()
        if condition():
            return time.monotonic() - started
        if time.monotonic() - started > seconds:
            raise AssertionError(f"after {seconds:g} s it is still not so that {what}")
        _PAUSE.wait(max(_PAUSE_SECONDS, _LEISURE * (time.thread_time() - looked)))
