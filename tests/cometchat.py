"""A CometChat of the tests' own: its management API with webhooks in memory, its Chat REST API with
the messages of one app, and faults of both on demand.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from comethooks.testing import ChatApp
from comethooks.testing.chat_server import listening
from comethooks.testing.chat_state import ChatAnswer
from comethooks.workers.clock import now_ms
from comethooks.workers.settings.apps import App, ManagementKey

APP = "app1"
KEY = ManagementKey("opener", "hush-hush")
REST_KEY = "r3st-k3y"
NEVER_TOLD = ("password",)

Answer = tuple[int, Any]


@dataclass
class Call:
    """One request that came in."""

    method: str
    path: str
    headers: dict[str, str]
    """By their names in lower case."""
    body: Any
    content: bytes = b""
    query: dict[str, str] = field(default_factory=dict)


@dataclass
class CometChat:
    """The state of an app, and how the server behaves.

    `webhooks` and `triggers` are by id. `unknown`: triggers that cannot be added, each with a
    result that says so. `refuses_unknown`: one of them makes it refuse the whole call instead.
    `page_size`: how many a page has, whatever is asked for. `ignores_pages`: every page is the
    first. `terse`: a listing has id, name and URL only. `busy`: the `Retry-After` values of the
    next answers, which are 429. `wrapping`: how answers with one object are wrapped, as CometChat's
    documentation shows it. `faults`: answers that the next calls get.
    """

    url: str = ""
    webhooks: dict[str, dict[str, Any]] = field(default_factory=dict)
    triggers: dict[str, list[str]] = field(default_factory=dict)
    legacy: bool = False
    unknown: set[str] = field(default_factory=set)
    refuses_unknown: bool = False
    page_size: int = 10
    ignores_pages: bool = False
    terse: bool = True
    busy: list[str | None] = field(default_factory=list)
    wrapping: int = 0
    faults: list[Answer] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    chat: ChatApp = field(default_factory=lambda: ChatApp(now_ms, keys={APP: REST_KEY}))

    @property
    def app(self) -> App:
        """The app as settings know it."""
        return App(APP, "eu", REST_KEY, f"{self.url}/v3")

    def has(self, identifier: str, *triggers: str, **fields: Any) -> None:
        """Have a webhook there already."""
        self.webhooks[identifier] = {
            "id": identifier,
            "name": identifier,
            "webhookURL": f"https://example.com/{identifier}",
            "useBasicAuth": False,
            "enabled": True,
            "retryOnFailure": False,
            **fields,
        }
        self.triggers[identifier] = list(triggers)

    @property
    def changes(self) -> list[tuple[str, str]]:
        """The calls that were not there to read."""
        return [(call.method, call.path) for call in self.calls if call.method != "GET"]

    def answer(self, call: Call, query: dict[str, str]) -> Answer:
        """What is answered, and done."""
        self.calls.append(call)
        if self.faults:
            return self.faults.pop(0)
        if (call.headers.get("key"), call.headers.get("secret")) != (KEY.key, KEY.secret):
            return _error(404, "ERR_NOT_FOUND", "The requested resource does not exist.")
        if call.headers.get("x-webhook-version") != (None if self.legacy else "2"):
            return 200, _page([], query, 10)
        match call.path.removeprefix(f"/apps/{APP}/").split("/"):
            case ["webhooks"]:
                return self._all(call, query)
            case ["webhooks", identifier, *rest] if identifier in self.webhooks:
                return (
                    self._triggers(identifier, call, query) if rest else self._one(identifier, call)
                )
        return _error(404, "ERR_WEBHOOK_NOT_FOUND", "There is no such webhook.")

    def _all(self, call: Call, query: dict[str, str]) -> Answer:
        if call.method == "GET":
            told = [self._told(each, terse=self.terse) for each in self.webhooks.values()]
            return 200, _page(told, {} if self.ignores_pages else query, self.page_size)
        if len(self.webhooks) >= 25:
            return _error(400, "ERR_TOO_MANY_WEBHOOKS", "An app has 25 webhooks at most.")
        self.webhooks[call.body["id"]] = call.body
        self.triggers[call.body["id"]] = []
        return 200, self._wrapped(self._told(call.body))

    def _one(self, identifier: str, call: Call) -> Answer:
        match call.method:
            case "PUT":
                self.webhooks[identifier] |= call.body
            case "DELETE":
                del self.webhooks[identifier], self.triggers[identifier]
                return 200, {"data": {"success": True, "message": "It is gone."}}
        return 200, self._wrapped(self._told(self.webhooks[identifier]))

    def _triggers(self, identifier: str, call: Call, query: dict[str, str]) -> Answer:
        delivered = self.triggers[identifier]
        if call.method == "GET":
            return 200, _page(
                [{"id": each, "description": ""} for each in delivered], query, self.page_size
            )
        asked = call.body["triggerIds"]
        if call.method == "DELETE":
            self.triggers[identifier] = [each for each in delivered if each not in asked]
            return 200, {"data": {"success": True, "message": "They are gone."}}
        if self.refuses_unknown and self.unknown & set(asked):
            return _error(
                400, "ERR_BAD_REQUEST", f"unknown: {', '.join(sorted(self.unknown & set(asked)))}"
            )
        self.triggers[identifier] += [each for each in asked if each not in self.unknown]
        return 200, {
            "data": {
                each: {"success": False, "message": "no such trigger"}
                if each in self.unknown
                else {"success": True, "message": "It was added."}
                for each in asked
            }
        }

    def _told(self, webhook: dict[str, Any], *, terse: bool = False) -> dict[str, Any]:
        names = ("id", "name", "webhookURL") if terse else webhook.keys() - NEVER_TOLD
        return {name: webhook[name] for name in names}

    def _wrapped(self, item: dict[str, Any]) -> Any:
        return ({"data": item}, {"data": [{"data": item}]}, [{"data": item}])[self.wrapping]


def _page(items: list[Any], query: dict[str, str], size: int) -> Any:
    number = int(query.get("page", "1"))
    pages = -(-len(items) // size)
    shown = items[(number - 1) * size : number * size]
    pagination = {
        "total": len(items),
        "count": len(shown),
        "current_page": number,
        "total_pages": pages,
    }
    return {"data": shown, "meta": {"pagination": pagination}}


def _error(status: int, code: str, message: str) -> Answer:
    return status, {"error": {"code": code, "message": message}}


@contextmanager
def cometchat() -> Iterator[CometChat]:
    """Such a server, at its `url`."""
    state = CometChat()

    def respond(method: str, url: str, headers: Mapping[str, str], raw: bytes) -> ChatAnswer:
        parts = urlsplit(url)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        known = {name.lower(): value for name, value in headers.items()}
        call = Call(method, parts.path, known, json.loads(raw) if raw else None, raw, query)
        if state.busy:
            state.calls.append(call)
            wait = state.busy.pop(0)
            said = {} if wait is None else {"Retry-After": wait}
            _, document = _error(429, "ERR_TOO_MANY_REQUESTS", "slower")
            return ChatAnswer(429, document, headers=said)
        if not state.faults and (told := state.chat.answer(method, url, headers, raw)):
            state.calls.append(call)
            return told
        status, document = state.answer(call, query)
        is_raw = isinstance(document, bytes)
        return ChatAnswer(status, None if is_raw else document, document if is_raw else b"")

    with listening(respond) as state.url:
        yield state
