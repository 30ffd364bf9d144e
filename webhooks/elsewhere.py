"""Requests to a path that nothing is routed at: counted, and now and then one is kept.

Behind a proxy that passes on a path as it is, or with an address that was entered wrongly, every
event ends here. Then only the path says what is wrong.
"""

import time
from collections.abc import Callable
from wsgiref.types import WSGIEnvironment

import structlog
from werkzeug.datastructures import EnvironHeaders

from comethooks.schemas.masking import without_tokens
from comethooks.webhooks.http_call import HttpCall
from comethooks.webhooks.keeping import Road
from comethooks.webhooks.metrics import Metrics
from comethooks.webhooks.sampling import SAMPLE_SECONDS, Sampler
from comethooks.webhooks.sources import NotAuthenticatedError, Source
from comethooks.workers.record import Kind, Record
from comethooks.workers.streams.accepted import NotKeptError
from comethooks.workers.texts import cut, scrub

MAX_TEXT = 200
"""Characters of a path, and of a header, that are kept."""
NOT_ROUTED = "not_routed"
"""The outcome, in logs and metrics."""

log = structlog.get_logger()


class Elsewhere:
    """Notes such requests. `source` is the one whose senders are told from strangers."""

    def __init__(
        self,
        source: Source,
        streams: Road,
        metrics: Metrics,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source = source
        self._streams = streams
        self._metrics = metrics
        # Whoever tries paths must not take the turn of somebody who has the password.
        self._known, self._strangers = (Sampler(SAMPLE_SECONDS, clock) for _ in range(2))

    def note(self, call: HttpCall, environ: WSGIEnvironment) -> None:
        """Count it and, if it is time again, keep its method and path, without the query."""
        call.outcome = NOT_ROUTED
        self._metrics.request(NOT_ROUTED)
        label = self._label(environ)
        sampler = self._strangers if label is None else self._known
        if not sampler.take():
            return
        try:
            self._streams.keep(_record(call, environ, label))
        except NotKeptError as error:
            log.warning("sample of unrouted requests not kept", id=call.id, reason=error.reason)

    def _label(self, environ: WSGIEnvironment) -> str | None:
        try:
            return self._source.authenticate(EnvironHeaders(environ), b"")
        except NotAuthenticatedError:
            return None


def _record(call: HttpCall, environ: WSGIEnvironment, label: str | None) -> Record:
    # WSGI gives the bytes of a path as if they were Latin-1.
    path = environ["PATH_INFO"].encode("latin-1").decode(errors="replace")
    path = scrub(cut(without_tokens(path), MAX_TEXT))
    method = cut(environ["REQUEST_METHOD"], MAX_TEXT)
    circumstances = {
        "method": method,
        "path": path,
        "content_type": environ.get("CONTENT_TYPE"),
        "remote_address": environ.get("REMOTE_ADDR"),
        "user_agent": environ.get("HTTP_USER_AGENT"),
        "credential": label,
    }
    return Record(
        kind=Kind.REFUSED,
        id=call.id,
        received_at=call.received_at,
        headers={name: cut(value, MAX_TEXT) for name, value in circumstances.items() if value},
        status=404,
        reason=f"{method} {path} is not routed",
    )
