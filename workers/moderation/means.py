"""How rules find out what texts do not say: windows that all processes count in, and services."""

import threading
from typing import TYPE_CHECKING

from redis import Redis

from comethooks.schemas import Event
from comethooks.workers.logs import one_line
from comethooks.workers.moderation.look import Look, Score, look_of
from comethooks.workers.moderation.rule_set import Rules
from comethooks.workers.moderation.scoring import Scorers
from comethooks.workers.streams.windows import SlidingWindows

if TYPE_CHECKING:
    from comethooks.workers.deciding.decider_context import DeciderContext
    from comethooks.workers.handlers.context import Context


class Means:
    """The means of some rules in one process. Threads share them."""

    def __init__(self, rules: Rules) -> None:
        self._counts = any(rule.flood or rule.repeats for rule in rules.rules)
        self._asks = any(rule.scorer for rule in rules.rules)
        self._scorers = Scorers()
        self._lock = threading.Lock()
        self._windows: SlidingWindows | None = None

    def in_flight(self, event: Event, ctx: "DeciderContext") -> Look:
        """What a decider looks at."""
        services = ctx._services
        redis = None if services is None else services.redis
        return look_of(event, windows=self._windows_in(redis), score=self._score(ctx))

    def afterwards(self, event: Event, ctx: "Context") -> Look:
        """What a handler looks at. In a replay, whose events are of another time, nothing is
        counted, and in a dry run no service is asked either.
        """
        if ctx.dry_run:
            return look_of(event)
        redis = None if event.replay is not None else ctx._reached().services.redis
        return look_of(event, windows=self._windows_in(redis), score=self._score(ctx))

    def _windows_in(self, redis: Redis | None) -> SlidingWindows | None:
        if redis is None or not self._counts:
            return None
        with self._lock:  # made after the fork, when they are first needed
            if self._windows is None:
                self._windows = SlidingWindows.beside(redis)
            return self._windows

    def _score(self, ctx: "Context | DeciderContext") -> Score | None:
        if not self._asks:
            return None

        def tell(error: Exception) -> None:
            ctx.log.warning("a scorer did not answer", reason=one_line(error))

        return self._scorers.asking(ctx.http.post, tell)
