"""The journal is away: that is said once, waited for, and said again when it is over."""

import time
from collections.abc import Callable
from typing import TypeVar

import structlog

from comethooks.workers.journal.errors import (
    JournalError,
    JournalOutdatedError,
    JournalUnavailableError,
)
from comethooks.workers.processes import StopFlag

Result = TypeVar("Result")

FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 2.0

log = structlog.get_logger()


class JournalOutage:
    """What one thread that uses the journal knows of its being away.

    Away is SQL that does not answer or is busy, tables that are not up to date, and what is in
    `also`. `on_end` is called when an outage is over. `began` and `over` are what is logged.
    """

    def __init__(
        self,
        *also: type[Exception],
        on_end: Callable[[], None] = lambda: None,
        longest_pause: float = LONGEST_PAUSE_SECONDS,
        began: str = "the journal cannot be used; trying again",
        over: str = "the journal can be used again",
    ) -> None:
        self._away: tuple[type[Exception], ...] = (
            JournalUnavailableError,
            JournalOutdatedError,
            *also,
        )
        self._on_end = on_end
        self._longest_pause = longest_pause
        self._texts = began, over
        self._pause = 0.0
        self._next_try = 0.0

    @property
    def noticed(self) -> bool:
        """Whether the journal was away when it was used last. Any thread may ask."""
        return self._pause > 0

    def try_once(self, use_journal: Callable[[], object]) -> bool:
        """Use the journal, unless it was away a moment ago. Returns whether that worked."""
        if time.monotonic() < self._next_try:
            return False
        try:
            use_journal()
        except self._away as error:
            self._begin(error)
            return False
        self._end()
        return True

    def until_it_works(self, use_journal: Callable[[], Result], stop: StopFlag) -> Result:
        """Use the journal, and again as long as it is away. Returns what it gives in the end.

        Raises what the journal raised when `stop` is set meanwhile, and at once when trying again
        cannot help.
        """
        while True:
            try:
                result = use_journal()
            except self._away as error:
                self._begin(error)
                if stop.wait(self._pause):
                    raise
            else:
                self._end()
                return result

    def _begin(self, error: Exception) -> None:
        if not self._pause:
            # The texts of the journal's errors hold no values; those of others may.
            reason = str(error) if isinstance(error, JournalError) else type(error).__qualname__
            log.error(self._texts[0], reason=reason)
        doubled = min(2 * self._pause, self._longest_pause)
        self._pause = doubled or FIRST_PAUSE_SECONDS
        self._next_try = time.monotonic() + self._pause

    def _end(self) -> None:
        if self._pause:
            self._pause = self._next_try = 0.0
            log.info(self._texts[1])
            self._on_end()
