"""The other end of `ctx.http` in tests: what was asked, and what is answered."""

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from comethooks.testing.chat_app import ChatApp
from comethooks.testing.chat_state import ChatAnswer, Silence

if TYPE_CHECKING:
    import httpx


@dataclass(frozen=True, slots=True)
class Request:
    """A request that a handler made. The names of `headers` are found in any case."""

    method: str
    url: str
    headers: Mapping[str, str]
    content: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.content.decode()

    @property
    def json(self) -> Any:
        """The body, decoded; None without one. Raises `ValueError` when it is no JSON."""
        return json.loads(self.content) if self.content else None


@dataclass(slots=True)
class _Rule:
    """What to answer to requests whose address begins with `url`, and how many times more."""

    url: str
    times: int | None
    response: Mapping[str, Any]
    error: "type[httpx.TransportError] | None" = None


class Calls:
    """What `ctx.http` reaches in a harness: nothing of the world, and whatever a test says.

    Without more said, calls of CometChat's API are answered by `chat`, and everything else with 200
    and the JSON `{}`.
    """

    def __init__(self, chat: ChatApp | None = None) -> None:
        self._chat = chat
        self.requests: list[Request] = []
        """What was asked, in order, failing ones too. Dry runs ask nothing."""
        self._rules: list[_Rule] = []
        self._lock = threading.Lock()
        self._client: httpx.Client | None = None

    def respond(
        self,
        status: int = 200,
        *,
        json: Any = None,
        text: str | None = None,
        headers: Mapping[str, str] | None = None,
        url: str = "",
        times: int | None = None,
    ) -> None:
        """Answer with this: the next `times` requests or, without, all that no other answer is left
        for.

        With `url` only those whose address begins so. Answers for a number of times come first, in
        the order in which they were given; of those for all it is the one with the longest `url`,
        and then the last.
        """
        content = {"json": {} if json is None else json} if text is None else {"text": text}
        self._add(_Rule(url, times, {"status_code": status, "headers": headers, **content}))

    def fail(
        self,
        *,
        times: int | None = None,
        status: int = 503,
        error: "type[httpx.TransportError] | None" = None,
        url: str = "",
    ) -> None:
        """Answer the next `times` requests with an error status, or with `error`, such as
        `httpx.ConnectError`.

        Without `times` all of them; with `url` those whose address begins so.
        """
        import httpx

        if error is not None and not (
            isinstance(error, type) and issubclass(error, httpx.TransportError)
        ):
            raise TypeError(f"error={error!r}: write a class of httpx: error=httpx.ConnectError")
        self._add(_Rule(url, times, {"status_code": status, "json": {}}, error))

    def client(self) -> "httpx.Client":
        """The client that `ctx.http` uses, made when it is first needed."""
        if self._client is None:
            import httpx  # a test whose handlers never call out need not load it

            from comethooks.workers.handlers.http_client import new_client

            self._client = new_client(httpx.MockTransport(self._answer))
        return self._client

    def close(self) -> None:
        """Let go of the client."""
        if self._client is not None:
            self._client.close()

    def _add(self, rule: _Rule) -> None:
        if rule.times is not None and rule.times < 1:
            raise ValueError(f"times={rule.times!r}: write how many times, from 1, or leave it out")
        with self._lock:
            counted = [known for known in self._rules if known.times is not None]
            always = [known for known in self._rules if known.times is None]
            if rule.times is not None:
                self._rules = [*counted, rule, *always]
            else:
                always = sorted([rule, *always], key=lambda known: -len(known.url))
                self._rules = [*counted, *always]

    def _answer(self, request: "httpx.Request") -> "httpx.Response":
        import httpx

        with self._lock:
            self.requests.append(
                Request(request.method, str(request.url), request.headers, request.content)
            )
            rule = self._rule_for(str(request.url))
            told = None if rule else self._answer_of_chat(request)
        if rule is None:
            return _response(told or ChatAnswer(200, {}))
        if rule.error is not None:
            raise rule.error("as the test wants it", request=request)
        return httpx.Response(**rule.response)

    def _answer_of_chat(self, request: "httpx.Request") -> ChatAnswer | None:
        import httpx

        if self._chat is None:
            return None
        given = request.method, str(request.url), request.headers, request.content
        try:
            return self._chat.answer(*given)
        except Silence:
            raise httpx.ReadTimeout("no answer came", request=request) from None

    def _rule_for(self, url: str) -> _Rule | None:
        rule = next((rule for rule in self._rules if url.startswith(rule.url)), None)
        if rule is not None and rule.times is not None:
            rule.times -= 1
            if not rule.times:
                self._rules.remove(rule)
        return rule


def _response(answer: ChatAnswer) -> "httpx.Response":
    import httpx

    if answer.document is not None:
        return httpx.Response(answer.status, json=answer.document, headers=answer.headers)
    return httpx.Response(answer.status, content=answer.content, headers=answer.headers)
