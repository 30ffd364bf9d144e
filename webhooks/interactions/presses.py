"""What is done with a press that an end user's device posts to `/interactions/<token>`.

Whoever calls is a stranger with a URL. The token in it proves the message, or at least the app;
what is wrong with a token is never told, and neither is how long it took to find out.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any
from wsgiref.types import WSGIEnvironment

from comethooks import schemas
from comethooks.schemas.wire.interactions import INTERACTED, WirePress, press_in
from comethooks.webhooks import body, receiving
from comethooks.webhooks.cometchat import not_json
from comethooks.webhooks.http_call import HttpCall
from comethooks.webhooks.inflating import inflated
from comethooks.webhooks.interactions.cross_origin import FOR_ANYBODY, preflight
from comethooks.webhooks.interactions.rates import Rate
from comethooks.webhooks.keeping import Keeping, circumstances
from comethooks.webhooks.metrics import Metrics
from comethooks.webhooks.problems import problem
from comethooks.webhooks.receiving import RETRY_AFTER_SECONDS, Kept, Verdict
from comethooks.webhooks.replies import Finish, HttpReply, problem_reply
from comethooks.webhooks.sampling import Sampler
from comethooks.webhooks.sources import Refusal, Source
from comethooks.workers.presses.proving import press_key, press_record, proves
from comethooks.workers.presses.tokens import PATH, InteractionToken, WrongTokenError, verify
from comethooks.workers.record import Kind, Record
from comethooks.workers.settings.settings import Settings
from comethooks.workers.streams.accepted import NotKeptError
from comethooks.workers.texts import number_of

METHODS = ("POST", "PUT", "PATCH", "DELETE", "OPTIONS")
"""The author of a message says which of them its buttons use; browsers ask with the last one."""
MAX_BODY = 64 * 1024
"""Bytes."""
PER_USER, PER_TOKEN = 60, 600
"""Presses a minute in one web process, of one user with a token, and of one token."""
KEPT = b"{}"

_FORBIDDEN = Refusal(403, "the token does not prove this press", "This URL does not take that.")
_TOO_LARGE = Refusal(
    413,
    f"the body has more than {number_of(MAX_BODY, 'byte')}",
    f"A press may have {number_of(MAX_BODY, 'byte')}; send less.",
)
_UNREADABLE = Refusal(400, "the body did not arrive whole", "Send the body again, plain and whole.")


class InteractionView:
    """Receives presses. `source` is the one whose apps they are of."""

    methods = METHODS

    def __init__(
        self, source: Source, settings: Settings, keeping: Keeping, metrics: Metrics
    ) -> None:
        self._source = source
        self._keys = settings.interaction_keys
        self._app_ids = settings.app_ids
        self._keeping = keeping
        self._metrics = metrics
        self._per_user, self._per_token = Rate(PER_USER), Rate(PER_TOKEN)
        self._forbidden, self._hurried = Sampler(), Sampler()

    def begin(self, call: HttpCall, environ: WSGIEnvironment) -> Finish:
        """Judge a press, and let it go with the next batch for Redis.

        Returns what waits until it is kept, and gives the answer.
        """
        if environ["REQUEST_METHOD"] == "OPTIONS":
            return lambda: preflight(environ, METHODS)
        text = environ["PATH_INFO"][len(PATH) :].removesuffix("/")
        token = self._token(text, call.received_at / 1000)
        raw = _read(environ)
        found = raw if isinstance(raw, Refusal) else _decoded(raw)
        press = WirePress() if isinstance(found, Refusal) else press_in(found)
        # Only here, so that a token that proves nothing takes as long as one of another message.
        if token is None or not proves(token, press):
            return self._refused_sample(call, environ, _FORBIDDEN, self._forbidden)
        call.trigger, call.size = INTERACTED, 0 if isinstance(raw, Refusal) else len(raw)
        if wait := self._per_user.wait((text, press.user)) or self._per_token.wait(text):
            return self._too_many(call, environ, wait)
        if isinstance(found, Refusal):
            kept = b"" if isinstance(raw, Refusal) else raw
            verdict = self._refused(call, environ, token, found, kept)
        else:
            assert isinstance(raw, bytes)
            verdict = self._accepted(call, environ, token, press, raw, found)
        begun = self._keeping.begin(verdict)
        return lambda: self._answer(call, verdict, self._keeping.finish(verdict, begun))

    def begins_soon(self, environ: WSGIEnvironment) -> bool:
        """Not said: strangers send them, and few."""
        return False

    def _token(self, text: str, now: float) -> InteractionToken | None:
        """What the token proves; None when it proves nothing."""
        try:
            token = verify(self._keys, text, now)
        except WrongTokenError:
            return None
        return token if not self._app_ids or token.app in self._app_ids else None

    def _accepted(
        self,
        call: HttpCall,
        environ: WSGIEnvironment,
        token: InteractionToken,
        press: WirePress,
        raw: bytes,
        decoded: Mapping[str, Any],
    ) -> Verdict:
        record = press_record(
            token,
            press,
            id=call.id,
            received_at=call.received_at,
            body=self._source.stored(raw),
            source=self._source.name,
            headers=circumstances(environ),
        )
        return Verdict(
            record=record,
            kept=self._source.keeps(INTERACTED),
            duplicate_key=press_key(token, press, decoded, raw),
        )

    def _refused(
        self,
        call: HttpCall,
        environ: WSGIEnvironment,
        token: InteractionToken | None,
        refusal: Refusal,
        raw: bytes = b"",
    ) -> Verdict:
        stored = self._source.stored(raw)
        record = Record(
            kind=Kind.REFUSED,
            id=call.id,
            received_at=call.received_at,
            source=self._source.name,
            trigger=INTERACTED,
            app_id=None if token is None else token.app,
            size=len(stored),
            headers=circumstances(environ),
            status=refusal.status,
            reason=refusal.reason,
            body=stored,
        )
        return Verdict(record=record, refusal=refusal)

    def _refused_sample(
        self,
        call: HttpCall,
        environ: WSGIEnvironment,
        refusal: Refusal,
        sampler: Sampler,
        wait: float = 0,
    ) -> Finish:
        """Refuse what anybody may send in any number: it is counted, and now and then one is kept,
        without its body.
        """
        call.outcome = f"refused_{refusal.status}"
        self._metrics.request(call.outcome, call.trigger)
        finish_sample: Callable[[], None] | None = None
        if sampler.take():
            sample = self._refused(call, environ, None, refusal).record
            finish_sample = self._keeping.begin_sample(sample, "refused presses")

        def finish() -> HttpReply:
            if finish_sample is not None:
                finish_sample()
            return _problem(call, refusal, wait)

        return finish

    def _too_many(self, call: HttpCall, environ: WSGIEnvironment, wait: float) -> Finish:
        reason = f"more than {PER_USER} presses of a user, or {PER_TOKEN} of a token, in a minute"
        refusal = Refusal(429, reason, "That was pressed too often; wait, and press again.")
        return self._refused_sample(call, environ, refusal, self._hurried, wait)

    def _answer(self, call: HttpCall, verdict: Verdict, kept: Kept) -> HttpReply:
        answer = receiving.answer(verdict, kept)
        call.outcome = answer.outcome
        self._metrics.request(answer.outcome, call.trigger, call.seconds())
        if isinstance(kept, NotKeptError):
            return problem_reply(answer.body, answer.status, _with_wait(RETRY_AFTER_SECONDS))
        if verdict.refusal is not None:
            return _problem(call, verdict.refusal)
        return HttpReply(KEPT, headers=FOR_ANYBODY)


def _read(environ: WSGIEnvironment) -> bytes | Refusal:
    try:
        raw = body.read(
            environ["wsgi.input"],
            environ.get("CONTENT_LENGTH"),
            limit=MAX_BODY,
            terminated=environ.get("wsgi.input_terminated", False),
        )
        return inflated(raw, environ.get("HTTP_CONTENT_ENCODING"), limit=MAX_BODY)
    except body.TooLargeError:
        return _TOO_LARGE
    except body.BodyError:
        return _UNREADABLE


def _decoded(raw: bytes) -> dict[str, Any] | Refusal:
    try:
        return schemas.decode(raw)
    except schemas.NotJsonError as error:
        return not_json(error)


def _problem(call: HttpCall, refusal: Refusal, wait: float = 0) -> HttpReply:
    document = problem(refusal.status, refusal.detail, request_id=call.id)
    return problem_reply(document, refusal.status, _with_wait(wait) if wait else FOR_ANYBODY)


def _with_wait(seconds: float) -> dict[str, str]:
    return {**FOR_ANYBODY, "Retry-After": str(max(1, math.ceil(seconds)))}
