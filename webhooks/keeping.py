"""Keeping what was judged, whichever route it came by: told to the log, and never raising."""

from collections.abc import Mapping
from wsgiref.types import WSGIEnvironment

import structlog

from comethooks.webhooks.metrics import Metrics
from comethooks.webhooks.receiving import Verdict
from comethooks.workers import logs
from comethooks.workers.record import Record
from comethooks.workers.streams.accept import Append, Streams
from comethooks.workers.streams.accepted import Accepted, NotKeptError

MAX_HEADER = 256
"""Characters of a header that are kept."""

log = structlog.get_logger()


class Keeping:
    """Keeps requests in two steps: what begins until somebody waits goes to Redis together."""

    def __init__(self, streams: Streams, metrics: Metrics) -> None:
        self._streams = streams
        self._metrics = metrics

    def begin(self, verdict: Verdict, details: bytes = b"") -> Append | NotKeptError | None:
        """Begin to keep what is to be kept, an event or a refusal. With an event that was decided
        on, `details` are for the answers to its repeats.
        """
        if not verdict.refusal and not verdict.kept:
            return None
        try:
            return self._streams.begin(
                verdict.record,
                duplicate_key=verdict.duplicate_key,
                has_time=verdict.has_time,
                details=details,
            )
        except Exception as error:
            return self._not_kept(verdict, error)

    def finish(
        self, verdict: Verdict, begun: Append | NotKeptError | None
    ) -> Accepted | NotKeptError | None:
        """Wait until it is kept; None for a refusal, and for what is only counted."""
        if begun is None or isinstance(begun, NotKeptError):
            return begun
        try:
            accepted = self._streams.finish(begun)
        except Exception as error:
            return self._not_kept(verdict, error)
        return None if verdict.refusal else accepted

    def begin_sample(self, record: Record) -> Append:
        """Begin to keep one of many refusals that nobody misses."""
        return self._streams.begin(record)

    def finish_sample(self, record: Record, begun: Append, of: str) -> None:
        """Wait until it is kept, or not; `of` says for the log what it is a sample of."""
        try:
            self._streams.finish(begun)
        except NotKeptError as error:
            log.warning(f"sample of {of} not kept", id=record.id, reason=error.reason)

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
