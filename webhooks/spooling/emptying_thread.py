"""The thread of a web process that empties the spool of its host, unless another one does.

It looks every quarter of a second whether Redis takes what is in the spool. While there is nothing,
it looks once a second whether another process has left something, and every half minute it learns
whose events Redis gets, and sees to it that space is reserved.
"""

import os
import threading
import time
from contextlib import suppress

import structlog
from redis.exceptions import RedisError

from comethooks.workers import logs
from comethooks.workers.settings.settings import Settings
from comethooks.workers.spool.emptying import BUSY, Emptier
from comethooks.workers.spool.spool import Spool
from comethooks.workers.spool.spool_errors import SpoolError
from comethooks.workers.texts import number_of

RETRY_SECONDS = 0.25
LOOK_SECONDS = 1.0
LEARN_SECONDS = 30.0
END_SECONDS = 5.0
"""How long a process that stops goes on emptying, as long as that succeeds."""

log = structlog.get_logger()


class EmptyingThread:
    """Empties a spool as long as the process lives. A child that is forked has to have its own."""

    def __init__(self, spool: Spool, settings: Settings) -> None:
        self._spool = spool
        self._settings = settings
        self._lock = threading.Lock()
        self._pid = 0
        self._kicked = threading.Event()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._learn_at = 0.0
        self._reason: str | None = None

    def begin(self) -> None:
        """Begin, unless that is done."""
        with self._lock:
            if self._pid == os.getpid() or self._ended.is_set():
                return
            self._pid = os.getpid()
            self._thread = threading.Thread(target=self._run, name="emptying", daemon=True)
            self._thread.start()

    def kick(self) -> None:
        """Say that there is something in the spool."""
        if self._pid != os.getpid():
            self.begin()
        self._kicked.set()

    def end(self) -> None:
        """Empty the spool once more if Redis takes it, and end."""
        self._ended.set()
        self._kicked.set()
        if self._thread is not None and self._pid == os.getpid():
            self._thread.join(END_SECONDS)

    def _run(self) -> None:
        emptier = Emptier(self._spool, self._settings)
        while True:
            is_last = self._ended.is_set()
            retry = self._go(emptier)
            if is_last:
                break
            if retry:
                self._ended.wait(RETRY_SECONDS)
            else:
                self._kicked.wait(LOOK_SECONDS)
                self._kicked.clear()
        emptier.close()

    def _go(self, emptier: Emptier) -> bool:
        """One go; whether to try again soon."""
        try:
            if not self._spool.holds:
                self._prepare(emptier)
                return False
            emptied = emptier.empty()
            self._tell(emptied.reason)
            if emptied.records:
                log.info("spool emptied", events=number_of(emptied.records, "request"))
            return not emptied.is_done
        except Exception as error:  # without this thread nobody would empty it
            log.error("emptying failed", **logs.failure(error))
            return True

    def _prepare(self, emptier: Emptier) -> None:
        if time.monotonic() < self._learn_at:
            return
        self._learn_at = time.monotonic() + LEARN_SECONDS
        try:
            self._spool.reserve()
        except SpoolError as error:
            log.error("no space is reserved for the spool", reason=error.reason)
        with suppress(RedisError, OSError):  # it is known from before, or will be
            emptier.learn()

    def _tell(self, reason: str | None) -> None:
        if reason not in (self._reason, BUSY):
            self._reason = reason
            if reason:
                log.warning("spool is not emptied yet", reason=reason)
