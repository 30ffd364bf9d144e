"""The deciders of a web process, which are there a little later than the process itself.

Plugins are loaded in the background, so that a process answers at once. Only what has to be decided
on waits for them, and for no longer than `LOADING_SECONDS` after loading began.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress

import structlog

from comethooks.workers import logs
from comethooks.workers.deciding.combining import (
    DeciderFailure,
    Fault,
    OnFailure,
    Opinion,
    Ruling,
    combined,
)
from comethooks.workers.deciding.panel import Panel
from comethooks.workers.deciding.sitting import Sitting
from comethooks.workers.record import Record

LOADING_SECONDS = 5.0
"""For how long after its start a process lets messages wait until its plugins are loaded."""
LOADING = "plugins.loading"
"""What stands in the place of a decider where nobody could be asked, since none was loaded yet."""

Load = Callable[[], Panel | None]
"""Loads the plugins, and gives a panel of their deciders; None when there are none."""

log = structlog.get_logger()


class WebDeciders:
    """The deciders of this process. `load` is called once, in a thread, in the process that needs
    them.
    """

    def __init__(self, load: Load, on_failure: OnFailure) -> None:
        self._load = load
        self._on_failure = on_failure
        self._lock = threading.Lock()
        self._began: float | None = None
        self._is_loaded = False
        self._panel: Panel | None = None
        self._is_time: Future[None] = Future()
        """Done when they are loaded, and when nobody waits for that any more."""

    def begin_loading(self) -> None:
        """Begin to load them, unless that has begun. For a process that has been forked already."""
        with self._lock:
            if self._began is not None:
                return
            self._began = time.monotonic()
        timer = threading.Timer(LOADING_SECONDS, self.give_up)
        timer.daemon = True
        timer.start()
        threading.Thread(target=self._run, args=(timer,), name="plugins", daemon=True).start()

    def may_want(self, record: Record) -> bool:
        """Whether one of them has to be asked about this event; as long as they are not loaded, so
        it is with every one. Waits for nothing.
        """
        if not self._is_loaded:
            self.begin_loading()
            return True
        return self._panel is not None and self._panel.wants(record)

    def when_loaded(self, call: Callable[[], None]) -> None:
        """Call `call` when they are loaded or have taken too long: now, or in another thread."""
        self._is_time.add_done_callback(lambda _: call())

    def begin(self, record: Record) -> Sitting | Ruling | None:
        """Ask those that want this event; waits for nothing. None when nobody does. What was not
        loaded in time is a failure.
        """
        if not self._is_loaded:
            return self._too_late(record)
        if self._panel is None or not self._panel.wants(record):
            return None
        return self._panel.begin(record)

    def give_up(self) -> None:
        """Let nobody wait until they are loaded."""
        with suppress(InvalidStateError):  # whoever was first has said so
            self._is_time.set_result(None)

    def close(self) -> None:
        """Let their threads end, if there are any."""
        if self._panel is not None:
            self._panel.close()

    def _run(self, timer: threading.Timer) -> None:
        try:
            panel = self._load()
        except Exception as error:
            log.error("plugins could not be loaded", **logs.failure(error))
        else:
            self._panel, self._is_loaded = panel, True
        finally:
            timer.cancel()
            self.give_up()

    def _too_late(self, record: Record) -> Ruling:
        failure = DeciderFailure(LOADING, Fault.LATE, "the plugins were not loaded in time")
        waited = 0.0 if self._began is None else time.monotonic() - self._began
        opinion = Opinion(LOADING, round(waited * 1000, 1), failure=failure)
        can_defer = record.trigger == "moderation_requested"
        return combined([opinion], self._on_failure, can_defer=can_defer)
