"""The view of `POST /webhooks` and `/webhooks/<source>`: it has a request judged and kept."""

import threading
import time
from collections.abc import Callable

import structlog
from flask import Response, request

from comethooks.schemas import DriftKind
from comethooks.webhooks import body, problems, receiving
from comethooks.webhooks.http_call import HttpCall, current
from comethooks.webhooks.metrics import Metrics
from comethooks.webhooks.receiving import RETRY_AFTER_SECONDS, Incoming, Verdict
from comethooks.webhooks.replies import json_reply, problem_reply
from comethooks.webhooks.sources import NotAuthenticatedError, Source
from comethooks.workers import logs
from comethooks.workers.settings.settings import Settings
from comethooks.workers.streams.accept import Streams
from comethooks.workers.streams.accepted import Accepted, NotKeptError

MAX_HEADER = 256
"""Characters of a header that are kept."""

SAMPLE_SECONDS = 10.0
"""Of the requests by unknown senders, a process keeps at most one in so many seconds."""

log = structlog.get_logger()


class Sampler:
    """Says yes at most once in `interval` seconds."""

    def __init__(self, interval: float, clock: Callable[[], float]) -> None:
        self._interval = interval
        self._clock = clock
        self._lock = threading.Lock()
        self._next = clock()

    def take(self) -> bool:
        """Whether it is time again."""
        with self._lock:
            now = self._clock()
            if now < self._next:
                return False
            self._next = now + self._interval
            return True


class ReceivingView:
    """Receives what one source sends."""

    def __init__(
        self,
        source: Source,
        settings: Settings,
        streams: Streams,
        metrics: Metrics,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source = source
        self._limit = settings.max_body
        self._streams = streams
        self._metrics = metrics
        self._sampler = Sampler(SAMPLE_SECONDS, clock)

    def __call__(self) -> Response:
        """Answer the current request."""
        call = current()
        raw = self._read() if self._source.signs_bodies else b""
        try:
            signed = raw if isinstance(raw, bytes) else b""
            label = self._source.authenticate(request.headers, signed)
        except NotAuthenticatedError as error:
            return self._unauthenticated(call, error.reason)
        # Not before: of a stranger's body nothing is read unless the source signs bodies.
        verdict = self._judge(self._incoming(call, label), raw or self._read())
        answer = receiving.answer(verdict, self._keep(verdict))
        call.outcome, call.trigger, call.size = (
            answer.outcome,
            verdict.record.trigger,
            verdict.record.size,
        )
        self._metrics.request(answer.outcome, call.trigger, call.seconds())
        for kind in {DriftKind(kind) for kind, _ in verdict.record.drift}:
            self._metrics.drift(kind)
        if answer.status < 400:
            return json_reply(answer.body)
        wait = {"Retry-After": str(RETRY_AFTER_SECONDS)} if answer.status == 503 else None
        return problem_reply(answer.body, answer.status, wait)

    def _read(self) -> bytes | body.BodyError:
        environ = request.environ
        try:
            return body.read(
                environ["wsgi.input"],
                environ.get("CONTENT_LENGTH"),
                limit=self._limit,
                terminated=environ.get("wsgi.input_terminated", False),
            )
        except body.BodyError as error:
            return error

    def _judge(self, incoming: Incoming, raw: bytes | body.BodyError) -> Verdict:
        if isinstance(raw, body.BodyError):
            return receiving.unreadable(self._source, incoming, raw)
        verdict = receiving.judge(self._source, incoming, raw)
        if verdict.refusal and verdict.refusal.cause:
            self._metrics.failure()
            log.error("body not parsed", id=incoming.id, **logs.failure(verdict.refusal.cause))
        return verdict

    def _keep(self, verdict: Verdict) -> Accepted | NotKeptError | None:
        try:
            if verdict.refusal:
                self._streams.keep(verdict.record)
                return None
            if not verdict.kept:
                return None
            return self._streams.accept(
                verdict.record, duplicate_key=verdict.duplicate_key, has_time=verdict.has_time
            )
        except NotKeptError as error:
            log.error(
                "not kept", id=verdict.record.id, in_flight=verdict.in_flight, reason=error.reason
            )
            return error
        except Exception as error:
            # Whatever it was, nobody has confirmed that the event is kept, so the answer is no 200.
            self._metrics.failure()
            log.error(
                "not kept", id=verdict.record.id, in_flight=verdict.in_flight, **logs.failure(error)
            )
            return NotKeptError(type(error).__name__)

    def _unauthenticated(self, call: HttpCall, reason: str) -> Response:
        call.outcome = "unauthorized"
        self._metrics.request(call.outcome)
        if self._sampler.take():
            try:
                self._streams.keep(
                    receiving.unauthenticated(self._source, self._incoming(call), reason)
                )
            except NotKeptError as error:
                log.warning("sample of unknown senders not kept", id=call.id, reason=error.reason)
        detail = f"Not authenticated: {reason}; send {self._source.wanted}."
        document = problems.problem(401, detail, request_id=call.id)
        challenge = self._source.challenge
        return problem_reply(document, 401, {"WWW-Authenticate": challenge} if challenge else None)

    def _incoming(self, call: HttpCall, credential: str | None = None) -> Incoming:
        environ = request.environ
        circumstances = {
            "content_type": environ.get("CONTENT_TYPE"),
            "remote_address": environ.get("REMOTE_ADDR"),
            "user_agent": environ.get("HTTP_USER_AGENT"),
            "credential": credential,
            **{name: request.headers.get(name) for name in self._source.kept_headers},
        }
        return Incoming(
            id=call.id,
            received_at=call.received_at,
            content_type=environ.get("CONTENT_TYPE", ""),
            headers={name: value[:MAX_HEADER] for name, value in circumstances.items() if value},
        )
