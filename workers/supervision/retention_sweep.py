"""Retention: deletes what is old, a few rows at a time, so that no writer has to wait for it."""

import time
from collections.abc import Callable, Iterator

import structlog
from redis import Redis

from comethooks.workers.analytics.sizes import DAY_MS
from comethooks.workers.clock import now_ms
from comethooks.workers.journal import START, Journal, KeptBuckets, Swept
from comethooks.workers.settings.settings import Settings
from comethooks.workers.streams.counters import DELETED, count

PAUSE_SECONDS = 600.0
"""From the end of one sweep to the next."""
BATCH = 500
"""Rows a step."""
STEPS = 4
"""Steps a call."""

log = structlog.get_logger()


class Sweeper:
    """Deletes what is older than the settings say: some of it in each call of `go_on`."""

    def __init__(self, settings: Settings, journal: Journal, client: Redis) -> None:
        self._client = client
        self._journal = journal
        self._settings = settings
        self._tasks: list[tuple[str, int, Callable[..., Swept]]] = [
            ("events", settings.retention_days, journal.delete_older),
            ("payloads", settings.payload_retention_days, journal.drop_payloads),
            ("run details", settings.run_retention_days, journal.drop_run_details),
            ("drift", settings.retention_days, journal.delete_drift),
            ("interactions", settings.retention_days, journal.interactions.delete_older),
            ("answers", settings.payload_retention_days, journal.interactions.drop_answers),
            ("cases", settings.retention_days, journal.cases.delete_older),
            ("silences", settings.retention_days, journal.silences.delete_older),
            ("excerpts", settings.payload_retention_days, journal.cases.drop_excerpts),
        ]
        self._sweep: Iterator[int] | None = None
        self._next = 0.0

    def go_on(self) -> None:
        """Take some steps of a sweep, if one is due. Raises the journal's errors and redis-py's."""
        if self._sweep is None:
            if time.monotonic() < self._next:
                return
            self._sweep = self._steps()
        for _ in range(STEPS):
            if next(self._sweep, None) is None:
                self._sweep = None
                self._next = time.monotonic() + PAUSE_SECONDS
                return

    def _steps(self) -> Iterator[int]:
        """One sweep. Yields after each batch how many rows it had."""
        for what, days, sweep in self._tasks:
            before, total, place, more = now_ms() - days * DAY_MS, 0, START, True
            while more:
                swept = sweep(before, BATCH, place)
                total, place, more = total + swept.count, swept.after, swept.more
                yield swept.count
            if total:
                count(self._client, DELETED, what, total)
                log.info("retention deleted", what=what, count=total, older_than_days=days)
        self._journal.forgetting.remove_tombstones(now_ms())
        total = self._journal.figures.forget_older(kept_figures(self._settings), now_ms())
        yield total
        if total:
            count(self._client, DELETED, "figures", total)


def kept_figures(settings: Settings) -> KeptBuckets:
    """Which figures are kept now."""
    return KeptBuckets.at(
        now_ms(), minute_days=settings.figure_minute_days, hour_days=settings.figure_hour_days
    )
