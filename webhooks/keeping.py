"""Keeping what was judged, whichever route it came by: told to the log, and never raising."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol
from wsgiref.types import WSGIEnvironment

import structlog

from comethooks.webhooks.metrics import Metrics
from comethooks.webhooks.receiving import Kept, Verdict
from comethooks.webhooks.spooling.spool_road import Underway
from comethooks.workers import logs
from comethooks.workers.record import Record
from comethooks.workers.streams.accept import Append
from comethooks.workers.streams.accepted import Accepted, NotKeptError

Begun = Append | Underway | NotKeptError | None
"""What has begun to be kept; or why that failed, or None for what is not to be kept."""
MAX_HEADER = 256
"""Characters of a header that are kept."""

log = structlog.get_logger()


class Road(Protocol):
    """Where requests are kept: `Streams`, or with a spool behind it `Spooling`."""

    def begin(
        self,
        record: Record,
        *,
        duplicate_key: bytes = ...,
        has_time: bool = ...,
        details: bytes = ...,
    ) -> Any:
        """Begin to keep a request; `finish` has to follow, and is given what this returns."""

    def finish(self, begun: Any, /) -> Accepted:
        """Wait until it is kept. Raises `NotKeptError`."""


class Keeping:
    """Keeps requests in two steps: what begins until somebody waits goes to Redis together."""

    def __init__(self, road: Road, metrics: Metrics) -> None:
        self._road = road
        self._metrics = metrics

    def begin(self, verdict: Verdict, details: bytes = b"") -> Begun:
        """Begin to keep what is to be kept, an event or a refusal. With an event that was decided
        on, `details` are for the answers to its repeats.
        """
        if not verdict.refusal and not verdict.kept:
            return None
        try:
            begun: Begun = self._road.begin(
                verdict.record,
                duplicate_key=verdict.duplicate_key,
                has_time=verdict.has_time,
                details=details,
            )
        except Exception as error:
            return self._not_kept(verdict, error)
        return begun

    def finish(self, verdict: Verdict, begun: Begun) -> Kept:
        """Wait until it is kept."""
        if begun is None or isinstance(begun, NotKeptError):
            return begun
        try:
            accepted = self._road.finish(begun)
        except Exception as error:
            return self._not_kept(verdict, error)
        return None if verdict.refusal else accepted

    def begin_sample(self, record: Record, of: str) -> Callable[[], None]:
        """Begin to keep one of many refusals that nobody misses; `of` says for the log what it is a
        sample of. What comes back waits until it is kept, or not.
        """
        begun = self._road.begin(record)

        def finish() -> None:
            try:
                self._road.finish(begun)
            except NotKeptError as error:
                log.warning(f"sample of {of} not kept", id=record.id, reason=error.reason)

        return finish

    def _not_kept(self, verdict: Verdict, error: Exception) -> NotKeptError:
        told = {"id": verdict.record.id, "in_flight": verdict.in_flight}
        if isinstance(error, NotKeptError):
            log.error("not kept", **told, reason=error.reason)
            return error
        # Whatever it was, nobody has confirmed that the event is kept, so the answer is no 200.
        self._metrics.failure()
        log.error("not kept", **told, **logs.failure(error))
        return NotKeptError(type(error).__name__)


def circumstances(environ: WSGIEnvironment, **more: str | None) -> Mapping[str, str]:
    """What is worth keeping of a request beside its body, and `more`; never a credential."""
    known = {
        "content_type": environ.get("CONTENT_TYPE"),
        "remote_address": environ.get("REMOTE_ADDR"),
        "user_agent": environ.get("HTTP_USER_AGENT"),
        **more,
    }
    return {name: value[:MAX_HEADER] for name, value in known.items() if value}
