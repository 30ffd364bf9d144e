"""What is done with a `POST /webhooks` or `/webhooks/<source>`: it is judged, kept and answered.

It comes in two halves, so that whoever serves several requests can begin with all of them before
waiting for the first.
"""

from collections.abc import Callable
from typing import Protocol
from wsgiref.types import WSGIEnvironment

import structlog
from werkzeug.datastructures import EnvironHeaders

from comethooks.schemas import DriftKind
from comethooks.webhooks import body, problems, receiving
from comethooks.webhooks.decisions.decided import Decided, decided_on
from comethooks.webhooks.decisions.deciding import Deciding
from comethooks.webhooks.decisions.in_flight_answers import InFlightAnswers
from comethooks.webhooks.http_call import HttpCall
from comethooks.webhooks.inflating import inflated
from comethooks.webhooks.keeping import Keeping, circumstances
from comethooks.webhooks.metrics import Metrics
from comethooks.webhooks.moderation.own_failures import OwnFailures
from comethooks.webhooks.receiving import ACCEPTED, RETRY_AFTER_SECONDS, Incoming, Kept, Verdict
from comethooks.webhooks.replies import Finish, HttpReply, problem_reply
from comethooks.webhooks.sampling import Sampler
from comethooks.webhooks.sources import NotAuthenticatedError, Source
from comethooks.workers import logs
from comethooks.workers.settings.settings import Settings
from comethooks.workers.streams.accepted import Accepted

SOON_BYTES = 16 * 1024
"""The largest body that is always judged within a millisecond, whatever it holds."""

log = structlog.get_logger()


class DecisionAnswers(Protocol):
    """What is answered where the sender waits for a decision."""

    def document(self, decided: Decided, body: bytes) -> bytes:
        """The answer to the message in `body`, which has been accepted."""


class ReceivingView:
    """Receives what one source sends."""

    methods = ("POST",)

    def __init__(
        self,
        source: Source,
        settings: Settings,
        keeping: Keeping,
        metrics: Metrics,
        deciding: Deciding,
        answers: DecisionAnswers | None = None,
    ) -> None:
        self._source = source
        self._limit = settings.max_body
        self._keeping = keeping
        self._deciding = deciding
        in_flight = InFlightAnswers(settings.drop_answer, settings.annotations)
        self._answers: DecisionAnswers = answers or in_flight
        self._allowed = self._answers.document(Decided(), b"")
        self._own_failures = OwnFailures(settings.public_url)
        self._metrics = metrics
        self._sampler = Sampler()

    def begin(self, call: HttpCall, environ: WSGIEnvironment) -> Finish:
        """Judge a request, and let what is to be kept of it go with the next batch for Redis.

        Returns what waits until it is kept, and gives the answer.
        """
        raw = self._read(environ) if self._source.signs_bodies else b""
        try:
            signed = raw if isinstance(raw, bytes) else b""
            label = self._source.authenticate(EnvironHeaders(environ), signed)
        except NotAuthenticatedError as error:
            return self._unauthenticated(call, environ, error.reason)
        # Not before: of a stranger's body nothing is read unless the source signs bodies.
        raw = raw or self._read(environ)
        verdict = self._judge(self._incoming(call, environ, label), environ, raw)
        if self._deciding.concerns(verdict):
            return self._deciding.begin(
                verdict, lambda decided: self._answer_decided(call, verdict, decided)
            )
        begun = self._keeping.begin(verdict)
        return lambda: self._answer(call, verdict, self._keeping.finish(verdict, begun))

    def begins_soon(self, environ: WSGIEnvironment) -> bool:
        """Whether `begin` waits for nothing, and takes a millisecond at most: not for a body that
        has to be inflated, and not for a source that nobody knows that of.
        """
        length = environ.get("CONTENT_LENGTH", "")
        return (
            self._source.is_quick
            and "HTTP_CONTENT_ENCODING" not in environ
            and length.isdecimal()
            and int(length) <= SOON_BYTES
        )

    def _answer_decided(self, call: HttpCall, verdict: Verdict, decided: Decided) -> HttpReply:
        call.decision = decided.action
        document = self._answers.document(decided, verdict.record.body)
        return self._answer(call, verdict, decided.kept, document)

    def _answer(
        self,
        call: HttpCall,
        verdict: Verdict,
        kept: Kept,
        decision: bytes | None = None,
    ) -> HttpReply:
        if decision is None and verdict.in_flight and not verdict.refusal:
            decision = self._allowed
            if isinstance(kept, Accepted) and kept.decision is not None:
                # Nobody is asked any more, and the first one was decided on.
                decision = self._answers.document(decided_on(None, kept), verdict.record.body)
        answer = receiving.answer(verdict, kept, decision or receiving.ALLOW)
        call.outcome, call.trigger, call.size = (
            answer.outcome,
            verdict.record.trigger,
            verdict.record.size,
        )
        self._metrics.request(answer.outcome, call.trigger, call.seconds())
        for kind in {DriftKind(kind) for kind, _ in verdict.record.drift}:
            self._metrics.drift(kind)
        if answer.outcome == ACCEPTED:
            for category in self._own_failures.categories(verdict.record):
                self._metrics.moderation_failure(category)
        if answer.status < 400:
            return HttpReply(answer.body)
        wait = {"Retry-After": str(RETRY_AFTER_SECONDS)} if answer.status == 503 else None
        return problem_reply(answer.body, answer.status, wait)

    def _source_of(self, environ: WSGIEnvironment) -> Source:
        """The source that an authenticated request is of."""
        return self._source

    def _read(self, environ: WSGIEnvironment) -> bytes | body.BodyError:
        try:
            return body.read(
                environ["wsgi.input"],
                environ.get("CONTENT_LENGTH"),
                limit=self._limit,
                terminated=environ.get("wsgi.input_terminated", False),
            )
        except body.BodyError as error:
            return error

    def _judge(
        self, incoming: Incoming, environ: WSGIEnvironment, raw: bytes | body.BodyError
    ) -> Verdict:
        source = self._source_of(environ)
        if isinstance(raw, body.BodyError):
            return receiving.unreadable(source, incoming, raw)
        try:
            plain = inflated(raw, environ.get("HTTP_CONTENT_ENCODING"), limit=self._limit)
        except body.BodyError as error:
            return receiving.unreadable(source, incoming, error, raw)
        verdict = receiving.judge(source, incoming, plain)
        if verdict.refusal and verdict.refusal.cause:
            self._metrics.failure()
            log.error("body not parsed", id=incoming.id, **logs.failure(verdict.refusal.cause))
        return verdict

    def _unauthenticated(self, call: HttpCall, environ: WSGIEnvironment, reason: str) -> Finish:
        call.outcome = "unauthorized"
        self._metrics.request(call.outcome)
        finish_sample: Callable[[], None] | None = None
        if self._sampler.take():
            incoming = self._incoming(call, environ)
            sample = receiving.unauthenticated(self._source, incoming, reason)
            finish_sample = self._keeping.begin_sample(sample, "unknown senders")
        detail = f"Not authenticated: {reason}; send {self._source.wanted}."
        document = problems.problem(401, detail, request_id=call.id)
        challenge = self._source.challenge
        headers = {"WWW-Authenticate": challenge} if challenge else None

        def finish() -> HttpReply:
            if finish_sample is not None:
                finish_sample()
            return problem_reply(document, 401, headers)

        return finish

    def _incoming(
        self, call: HttpCall, environ: WSGIEnvironment, credential: str | None = None
    ) -> Incoming:
        headers = EnvironHeaders(environ)
        named = {name: headers.get(name) for name in self._source.kept_headers}
        return Incoming(
            id=call.id,
            received_at=call.received_at,
            content_type=environ.get("CONTENT_TYPE", ""),
            headers=circumstances(environ, credential=credential, **named),
        )
