"""Deciding on what a sender waits for: first the ruling, then keeping it, and then the answer.

A decision is waited for much longer than Redis is, and by threads that others need, too. So what
comes back for a message in flight is a `Deliberation`: called, it waits, as any `Finish` does; and
whoever serves others as well has itself told when there is nothing left to wait for but Redis.
"""

import math
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import structlog

from comethooks.webhooks.decisions.decided import Decided, decided_on, with_ruling
from comethooks.webhooks.decisions.decision_metrics import DecisionMetrics
from comethooks.webhooks.decisions.web_deciders import WebDeciders
from comethooks.webhooks.keeping import Begun, Keeping
from comethooks.webhooks.metrics import Metrics
from comethooks.webhooks.receiving import Kept, Verdict
from comethooks.webhooks.replies import HttpReply
from comethooks.workers import logs
from comethooks.workers.deciding.combining import Ruling
from comethooks.workers.deciding.sitting import Sitting
from comethooks.workers.streams.accepted import NotKeptError

KEEPING_SECONDS = 0.4
"""After the budget the answer takes no longer than this, whether or not Redis has confirmed it."""
_KEPT_SECONDS = 0.6
"""How long Redis, and then the spool, can make one thread wait: then the breaker is open."""
_STUCK_SECONDS = 15.0
"""Without a ruling after so long, something is broken here: loading and deciding end before."""
_THREADS = 4

ToReply = Callable[[Decided], HttpReply]

log = structlog.get_logger()


class Deciding:
    """Has messages in flight decided on, and keeps them with what was decided."""

    def __init__(
        self, deciders: WebDeciders, keeping: Keeping, metrics: Metrics, budget_ms: int
    ) -> None:
        self.deciders = deciders
        self.keeping = keeping
        self.metrics = metrics
        self.counted = DecisionMetrics(metrics.registry)
        self.seconds = budget_ms / 1000 + KEEPING_SECONDS
        self._threads = ThreadPoolExecutor(_THREADS, "keeping")

    def concerns(self, verdict: Verdict) -> bool:
        """Whether somebody may have a say in it. If not, it is kept and answered like any other
        event. Never waits.
        """
        if verdict.refusal or not verdict.in_flight:
            return False
        try:
            return self.deciders.may_want(verdict.record)
        except Exception as error:
            self.failed(verdict, error)
            return False

    def begin(self, verdict: Verdict, reply: ToReply) -> "Deliberation":
        """Begin to decide on the event of `verdict`, without waiting for anything. What comes back
        waits until it is decided and kept, and gives the `reply` to that.

        What is deferred is no event: it is kept as a request that was refused with status 503.
        """
        deliberation = Deliberation(self, verdict, reply)
        self.deciders.when_loaded(deliberation.begin)
        return deliberation

    def keep_within(self, verdict: Verdict, begun: Begun, until: float) -> Kept:
        """Wait until it is kept, or until a time of the monotonic clock: what may take longer is
        waited for in another thread, and goes on.
        """
        left = until - time.monotonic()
        if left > _KEPT_SECONDS or begun is None or isinstance(begun, NotKeptError):
            return self.keeping.finish(verdict, begun)
        ended = self._threads.submit(self.keeping.finish, verdict, begun)
        try:
            return ended.result(max(0.0, left))
        except TimeoutError:
            reason = "neither Redis nor the spool has confirmed it in time"
            log.error("not kept", id=verdict.record.id, in_flight=True, reason=reason)
            return NotKeptError(reason)

    def close(self) -> None:
        """Let the threads end."""
        self.deciders.close()
        self._threads.shutdown(wait=False)

    def failed(self, verdict: Verdict, error: Exception) -> None:
        """Count and log a fault of ours, which must not keep a message from being answered."""
        self.metrics.failure()
        log.error("decision failed", id=verdict.record.id, **logs.failure(error))


class Deliberation:
    """A `Finish` that waits for a ruling first."""

    def __init__(self, deciding: Deciding, verdict: Verdict, reply: ToReply) -> None:
        self._deciding = deciding
        self._verdict = verdict
        self._reply = reply
        self._began = self._until = math.inf
        self._ruling: Ruling | None = None
        self._begun: Begun = None
        self._is_ready: Future[None] = Future()

    def when_ready(self, tell: Callable[[], None]) -> None:
        """Have `tell` called, in any thread, once only Redis is to be waited for."""
        self._is_ready.add_done_callback(lambda _: tell())

    def begin(self) -> None:
        """Ask the deciders, who are loaded by now."""
        self._began = time.monotonic()
        self._until = self._began + self._deciding.seconds
        try:
            asked = self._deciding.deciders.begin(self._verdict.record)
        except Exception as error:
            self._deciding.failed(self._verdict, error)
            asked = None
        if isinstance(asked, Sitting):
            asked.add_done_callback(self._go_on)
        else:
            self._go_on(asked)

    def _go_on(self, ruling: Ruling | None) -> None:
        """Begin to keep it, with the ruling if there is one."""
        try:
            self._ruling = ruling
            if ruling is not None:
                self._deciding.counted.ruling(ruling, time.monotonic() - self._began)
            self._verdict, details = with_ruling(self._verdict, ruling)
            # Not only when somebody waits: all that is decided until then goes in one batch.
            self._begun = self._deciding.keeping.begin(self._verdict, details)
        except Exception as error:
            self._deciding.failed(self._verdict, error)
            self._begun = NotKeptError(type(error).__name__)
        finally:
            self._is_ready.set_result(None)

    def __call__(self) -> HttpReply:
        """Wait until it is decided on and kept; the reply to that."""
        try:
            self._is_ready.result(_STUCK_SECONDS)
        except TimeoutError as error:
            self._deciding.failed(self._verdict, error)
            return self._reply(Decided(kept=NotKeptError("there is no ruling")))
        kept = self._deciding.keep_within(self._verdict, self._begun, self._until)
        decided = decided_on(self._ruling, kept)
        self._deciding.counted.decision(self._verdict.record.trigger, decided)
        return self._reply(decided)
