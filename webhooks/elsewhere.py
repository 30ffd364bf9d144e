"""Requests to a path that nothing is routed at: counted, and now and then one is kept.

Behind a proxy that passes on a path as it is, or with an address that was entered wrongly, every
event ends here. Then only the path says what is wrong.
"""

from wsgiref.types import WSGIEnvironment

from werkzeug.datastructures import EnvironHeaders

from comethooks.schemas.masking import without_tokens
from comethooks.webhooks.http_call import HttpCall
from comethooks.webhooks.keeping import Keeping, circumstances
from comethooks.webhooks.metrics import Metrics
from comethooks.webhooks.sampling import Sampler
from comethooks.webhooks.sources import NotAuthenticatedError, Source
from comethooks.workers.record import Kind, Record
from comethooks.workers.texts import cut, scrub

MAX_TEXT = 200
"""Characters of a path, and of a method, that are kept."""
NOT_ROUTED = "not_routed"
"""The outcome, in logs and metrics."""


class Elsewhere:
    """Notes such requests. `source` is the one whose senders are told from strangers."""

    def __init__(self, source: Source, keeping: Keeping, metrics: Metrics) -> None:
        self._source = source
        self._keeping = keeping
        self._metrics = metrics
        # Whoever tries paths must not take the turn of somebody who has the password.
        self._known, self._strangers = Sampler(), Sampler()

    def note(self, call: HttpCall, environ: WSGIEnvironment) -> None:
        """Count it and, if it is time again, keep its method and path, without the query."""
        call.outcome = NOT_ROUTED
        self._metrics.request(NOT_ROUTED)
        label = self._label(environ)
        sampler = self._strangers if label is None else self._known
        if sampler.take():
            record = _record(call, environ, label)
            self._keeping.begin_sample(record, "unrouted requests")()

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
    return Record(
        kind=Kind.REFUSED,
        id=call.id,
        received_at=call.received_at,
        headers=circumstances(environ, method=method, path=path, credential=label),
        status=404,
        reason=f"{method} {path} is not routed",
    )
