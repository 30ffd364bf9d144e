"""The calls of the management API, one method each."""

import time
from collections.abc import Callable, Iterator, Sequence
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx

from comethooks.management import answers
from comethooks.management.answers import TriggerResult, Webhook
from comethooks.management.errors import (
    KeyRefusedError,
    NotFoundError,
    RefusedError,
    TooManyRequestsError,
    UnreachableError,
    UnreadableError,
)
from comethooks.workers.cometchat.retry_after import retry_after
from comethooks.workers.settings.addresses import LOOPBACK
from comethooks.workers.settings.apps import MANAGEMENT_API
from comethooks.workers.settings.settings import ManagementKey
from comethooks.workers.texts import without

_TIMEOUT_SECONDS = 20.0
_PER_PAGE = 100
_ATTEMPTS = 4
_LONGEST_WAIT_SECONDS = 30.0
_LONGEST_MESSAGE = 300


class Management:
    """The current webhooks of one app, or its `legacy` ones.

    Every method raises `ManagementError`. A call that is answered with 429 is made again after the
    time that the answer names: up to three times, and when that time is at most half a minute.
    """

    def __init__(
        self,
        app_id: str,
        key: ManagementKey,
        *,
        legacy: bool = False,
        base_url: str = MANAGEMENT_API,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.app_id = app_id
        self._secrets = (key.key, key.secret)
        self._sleep = sleep
        root = httpx.URL(base_url.rstrip("/"))
        self._host = root.host
        self._url = f"{root}/apps/{quote(app_id, safe='')}/webhooks"
        self._client = httpx.Client(
            headers={
                "key": key.key,
                "secret": key.secret,
                **({} if legacy else {"X-Webhook-Version": "2"}),
            },
            timeout=_TIMEOUT_SECONDS,
            # Proxies of the environment are for the world outside.
            trust_env=root.host not in LOOPBACK,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def webhooks(self) -> list[Webhook]:
        """All webhooks. Of each CometChat may tell no more than id, name and URL."""
        return [Webhook.of(item) for item in self._pages("") if isinstance(item, dict)]

    def webhook(self, identifier: str) -> Webhook:
        """The webhook with this id, with all that CometChat tells of it."""
        return _the_webhook(self._call("GET", _path(identifier)))

    def detailed(self) -> Iterator[tuple[Webhook, list[str]]]:
        """Each webhook with its triggers. One that the listing tells too little of is asked for."""
        for known in self.webhooks():
            told = known if None not in (known.enabled, known.retry) else self.webhook(known.id)
            yield told, self.triggers(known.id)

    def create(self, fields: dict[str, Any]) -> None:
        """Make a webhook of the fields that the documentation names (`id`, `webhookURL`, …)."""
        self._change("POST", "", fields)

    def update(self, identifier: str, fields: dict[str, Any]) -> None:
        """Change these fields of a webhook."""
        self._change("PUT", _path(identifier), fields)

    def delete(self, identifier: str) -> None:
        """Remove a webhook: it delivers nothing any more."""
        self._change("DELETE", _path(identifier))

    def triggers(self, identifier: str) -> list[str]:
        """The triggers that a webhook delivers."""
        return answers.trigger_names(self._pages(_path(identifier, "triggers")))

    def add_triggers(self, identifier: str, triggers: Sequence[str]) -> list[TriggerResult]:
        """Have a webhook deliver `triggers` too. Each has a result of its own."""
        return self._change_triggers("POST", identifier, triggers)

    def remove_triggers(self, identifier: str, triggers: Sequence[str]) -> list[TriggerResult]:
        """Have a webhook stop delivering `triggers`. Each has a result of its own."""
        return self._change_triggers("DELETE", identifier, triggers)

    def _change(self, method: str, path: str, fields: dict[str, Any] | None = None) -> None:
        refusal = answers.refusal(answers.unwrapped(self._call(method, path, fields)))
        if refusal is not None:
            raise RefusedError(
                HTTPStatus.OK, message=self._shown(refusal, (fields or {}).get("password", ""))
            )

    def _change_triggers(
        self, method: str, identifier: str, triggers: Sequence[str]
    ) -> list[TriggerResult]:
        answer = self._call(method, _path(identifier, "triggers"), {"triggerIds": list(triggers)})
        return answers.trigger_results(triggers, answers.unwrapped(answer))

    def _pages(self, path: str) -> list[Any]:
        """What is on all pages, once each."""
        found: dict[str, Any] = {}
        number = pages = 1
        while number <= pages:
            answer = self._call("GET", path, query={"perPage": _PER_PAGE, "page": number})
            before = len(found)
            found |= {str(item): item for item in answers.unwrapped(answer)}
            if len(found) == before:
                break  # a server that knows no pages would give the first one for ever
            number, pages = number + 1, answers.page_count(answer)
        return list(found.values())

    def _call(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        query: dict[str, int] | None = None,
    ) -> Any:
        """The JSON of the answer; None when it is empty."""
        for attempt in range(1, _ATTEMPTS + 1):
            answer = self._send(method, path, body, query)
            # Only what CometChat has refused to look at is sent again: an answer that is late or
            # lost may be that of a call that was carried out.
            if answer.status_code != HTTPStatus.TOO_MANY_REQUESTS:
                break
            seconds = retry_after(answer.headers)
            if attempt == _ATTEMPTS or (seconds or 0) > _LONGEST_WAIT_SECONDS:
                raise TooManyRequestsError(*self._refusal(answer, body), retry_after=seconds)
            self._sleep(2.0**attempt if seconds is None else seconds)
        if answer.is_success:
            return _json(answer)
        raise _KINDS.get(answer.status_code, RefusedError)(*self._refusal(answer, body))

    def _send(
        self, method: str, path: str, body: dict[str, Any] | None, query: dict[str, int] | None
    ) -> httpx.Response:
        try:
            return self._client.request(method, f"{self._url}{path}", json=body, params=query)
        except httpx.HTTPError as error:
            raise UnreachableError(
                f"{self._host} gave no answer ({type(error).__name__}); run it again, it continues "
                "where it stopped"
            ) from None

    def _refusal(self, answer: httpx.Response, body: dict[str, Any] | None) -> tuple[int, str, str]:
        """Status, code and message of an error; what CometChat quotes of secrets is masked."""
        try:
            error = answer.json().get("error")
            code, message = str(error.get("code") or ""), str(error.get("message") or "")
        except (ValueError, AttributeError):
            code, message = "", ""
        password = str((body or {}).get("password", ""))
        return answer.status_code, self._shown(code, password), self._shown(message, password)

    def _shown(self, text: str, *secrets: str) -> str:
        return without(text, (*self._secrets, *secrets), shortest=1)[:_LONGEST_MESSAGE]


_KINDS: dict[int, type[RefusedError]] = {
    HTTPStatus.UNAUTHORIZED: KeyRefusedError,
    HTTPStatus.FORBIDDEN: KeyRefusedError,
    HTTPStatus.NOT_FOUND: NotFoundError,
}


def _path(*parts: str) -> str:
    return "".join(f"/{quote(part, safe='')}" for part in parts)


def _json(answer: httpx.Response) -> Any:
    if not answer.content.strip():
        return None
    try:
        return answer.json()
    except ValueError:
        raise UnreadableError(
            f"{answer.url.host} answered {answer.status_code} with what is no JSON; is a proxy in"
            " between?"
        ) from None


def _the_webhook(answer: Any) -> Webhook:
    for item in answers.unwrapped(answer):
        if isinstance(item, dict):
            return Webhook.of(item)
    raise UnreadableError("CometChat's answer holds no webhook")
