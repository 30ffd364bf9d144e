"""One call of CometChat's Chat REST API: made within its limits, repeated where that is right, and
what its answer means.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote, urlencode

import orjson

from comethooks.schemas.wire.rules import to_flag, to_object, to_text
from comethooks.workers.cometchat.api_errors import (
    PINS_FULL,
    ApiBusyError,
    ApiFailedError,
    ApiRefusedError,
    ErrorBody,
    LimitReachedError,
    NoAnswerError,
    NoRestKeyError,
    NotSendableError,
    PinsFullError,
)
from comethooks.workers.cometchat.limiter import Limiter, NoLimiter
from comethooks.workers.cometchat.outgoing import NO_ID, is_id
from comethooks.workers.cometchat.rate_limits import CallLimit, CallPlan, limits_of
from comethooks.workers.cometchat.repeating import Repeats
from comethooks.workers.cometchat.retry_after import pause_in, spread, wait_asked
from comethooks.workers.cometchat.spellings import Spellings
from comethooks.workers.settings.apps import App, AppsError
from comethooks.workers.texts import cut, without

if TYPE_CHECKING:
    import httpx

_LONGEST_SAID = 300
_TRANSIENT = frozenset((HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS))


class Requests(Protocol):
    """What requests are made with: `ctx.http`, or what does the same."""

    def request(
        self,
        method: str,
        url: str,
        *,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> "httpx.Response":
        """Send a request. Raises what httpx raises."""


@dataclass(frozen=True, slots=True)
class Pacing:
    """When calls are made. A process has one of its own."""

    limiter: Limiter = field(default_factory=NoLimiter)
    plan: CallPlan = CallPlan.PAID
    sleep: Callable[[float], object] = time.sleep
    spellings: Spellings = field(default_factory=Spellings)
    """What was found out of paths that are not certain."""


@dataclass(frozen=True, slots=True)
class ApiCall:
    """A call, as CometChat's reference has it. `name` is the method of `ChatApi` that makes it."""

    name: str
    method: str
    path: str
    body: Mapping[str, Any] | None = None
    query: Mapping[str, str | int] = field(default_factory=dict)
    as_user: str | None = None
    sender: str | None = None
    """Whose limit of sent messages it counts against, if that is not `as_user`."""

    def __str__(self) -> str:
        return f"{self.method} /{self.path}"


@dataclass(frozen=True, slots=True)
class ApiAnswer:
    """What CometChat answered: `data` is an object or a list, `meta` tells of further pages."""

    data: Any
    meta: Mapping[str, Any]


class ApiCalls:
    """Calls as an app, with its key. `app` is None for one that is not known. `seconds_left` tells
    what is left of the run.
    """

    def __init__(
        self,
        app: App | None,
        app_id: str | None,
        requests: Requests,
        pacing: Pacing,
        seconds_left: Callable[[], float],
    ) -> None:
        self._app = app
        self._app_id = app_id
        self._requests = requests
        self._seconds_left = seconds_left
        self.pacing = pacing

    def data(self, call: ApiCall) -> dict[str, Any]:
        """The object under `data` of the answer; empty without any, and in a dry run.

        Raises `CometChatError`.
        """
        return to_object(self.answer(call).data) or {}

    def answer(self, call: ApiCall) -> ApiAnswer:
        """The answer to a call, without anything in a dry run. Raises `CometChatError`."""
        app = self.known_app()
        if call.as_user is not None and not is_id(call.as_user):
            raise NotSendableError([f"uid: {NO_ID}"])
        response = self._response(call, app)
        document = _json(response)
        if not response.is_success:
            raise _refusal(call, response, document, app)
        if document is None:
            raise NoAnswerError(f"{call}: the answer is no JSON; is a proxy in between?")
        data = document.get("data")
        if to_flag((to_object(data) or {}).get("success")) is False:
            raise _refusal(call, response, {"error": data}, app)
        return ApiAnswer(data, to_object(document.get("meta")) or {})

    def known_app(self) -> App:
        """The app, whose key is known. Raises `NoRestKeyError`."""
        app, app_id = self._app, self._app_id
        if app is None:
            named = "the event names no app" if app_id is None else f"the app {app_id} is not known"
            entry = f"{app_id or 'appid'}:region:restkey"
            raise NoRestKeyError(f"{named}, and so no REST key; write COMETHOOKS_APPS={entry}")
        try:
            app.api_headers()
        except AppsError as error:
            raise NoRestKeyError(str(error)) from None
        return app

    def _response(self, call: ApiCall, app: App) -> "httpx.Response":
        """The last answer that a call gets, of whatever status. Raises `NoAnswerError`."""
        import httpx  # a process whose handlers never call out need not load it

        user = None if call.as_user is None else call.as_user.lower()
        limits = limits_of(self.pacing.plan, app.id, call.name, call.sender or user)
        url = f"{app.api_url}/{call.path}{'?' if call.query else ''}{urlencode(call.query)}"
        headers = app.api_headers(on_behalf_of=user)
        repeats = Repeats(call.method, self._seconds_left)
        while True:
            self._wait_for_turn(call, limits)
            try:
                response = self._requests.request(call.method, url, json=call.body, headers=headers)
            except httpx.HTTPError as error:
                wait = repeats.after_error(error)
                if wait is None:
                    why = type(error).__name__
                    raise NoAnswerError(
                        f"{call}: CometChat gave no answer at {app.api_url} ({why})"
                    ) from None
            else:
                self._heed(response, limits[-1])
                wait = repeats.after_answer(response)
                if wait is None:
                    return response
            self.pacing.sleep(wait)

    def _wait_for_turn(self, call: ApiCall, limits: tuple[CallLimit, ...]) -> None:
        while wait := self.pacing.limiter.take(limits):
            if wait >= self._seconds_left():
                why = f"{call}: CometChat takes no more calls in this minute"
                raise LimitReachedError(spread(wait), why)
            self.pacing.sleep(wait)

    def _heed(self, response: "httpx.Response", narrowest: CallLimit) -> None:
        """Let others wait as well when CometChat says that a limit is reached. Which one it does
        not say: it is taken for the narrowest, that of one user, where the call has such a one.
        """
        if pause := pause_in(response.status_code, response.headers):
            self.pacing.limiter.pause(narrowest, pause)


def segment(name: str, value: str) -> str:
    """An id as a part of a path, where it stays in its place. Raises `NotSendableError`."""
    if not is_id(value):
        raise NotSendableError([f"{name}: {NO_ID}"])
    return quote(value, safe="")


def uid_segment(name: str, value: str) -> str:
    """The same of a uid, which is in lower case at CometChat."""
    return segment(name, value.lower() if isinstance(value, str) else value)


def _json(response: "httpx.Response") -> dict[str, Any] | None:
    try:
        return to_object(response.json())
    except ValueError:
        return None


def _refusal(
    call: ApiCall, response: "httpx.Response", document: dict[str, Any] | None, app: App
) -> Exception:
    said = _said(to_object((document or {}).get("error")) or {}, app)
    status = response.status_code
    if status not in _TRANSIENT and not response.is_server_error:
        kind = PinsFullError if said.code == PINS_FULL else ApiRefusedError
        return kind(str(call), status, said)
    if (seconds := wait_asked(status, response.headers)) is not None:
        return ApiBusyError(str(call), status, said, seconds=spread(seconds))
    return ApiFailedError(str(call), status, said)


def _said(error: Mapping[str, Any], app: App) -> ErrorBody:
    # CometChat may quote the key.
    key = (app.rest_key or "",)
    code, message = (
        cut(without(to_text(error.get(name)) or "", key), _LONGEST_SAID)
        for name in ("code", "message")
    )
    text = orjson.dumps(error.get("details")).decode()
    return ErrorBody(code, message, orjson.loads(without(text, key)))
