"""What stands in for CometChat's Chat REST API in tests: it checks what it is asked, keeps what is
done, answers as CometChat does, and fails where a test wants it to.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import orjson

from comethooks.testing.chat_faults import ChatFaults
from comethooks.testing.chat_routes import route
from comethooks.testing.chat_server import listening
from comethooks.testing.chat_state import (
    ChatAnswer,
    ChatCall,
    ChatFile,
    ChatState,
    Silence,
    refused,
)

MEDIA_HOST = "https://media-eu.cometchat.io"
_SIGNED, _TOKEN = "Expires=signed", "fat=token"
"""The query of the URL of a file that needs no key, or no longer."""


class ChatApp(ChatState, ChatFaults):
    """An app at CometChat: its messages, groups and users, and all that was done to them.

    Uids are in lower case here, as they are there.
    """

    def __init__(
        self,
        clock: Callable[[], int],
        *,
        sleep: Callable[[float], object] = lambda seconds: None,
        patience: float = math.inf,
        keys: Mapping[str, str] | None = None,
    ) -> None:
        """`clock` tells the time, in milliseconds; `sleep` lets it pass when an answer is slow, for
        which nobody waits longer than their `patience`. `keys` are the REST keys by app, None: any.
        """
        ChatState.__init__(self)
        ChatFaults.__init__(self)
        self._clock = clock
        self._sleep = sleep
        self._patience = patience
        self._keys = keys
        self._files: dict[str, ChatFile] = {}

    def has_message(self, message: Mapping[str, Any]) -> None:
        """Have a message there already: the JSON that webhooks have under `data.message`."""
        self.messages[str(message["id"])] = {**message}

    def has_group(self, guid: str, **members: str) -> None:
        """Have a group there with these members, each a uid with its scope: `ada="admin"`."""
        self.groups[guid] = {uid.lower(): scope for uid, scope in members.items()}

    def has_file(
        self,
        name: str,
        content: bytes,
        *,
        content_type: str = "application/octet-stream",
        signed: bool = True,
        host: str = MEDIA_HOST,
    ) -> str:
        """Have a file there, and return its URL. One that is not `signed` needs the app's key, as
        in older apps.
        """
        self._files[f"/media/{name}"] = ChatFile(content, content_type, signed)
        return f"{host}/media/{name}{f'?{_SIGNED}' if signed else ''}"

    def answer(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes
    ) -> ChatAnswer | None:
        """The answer to a request; None for what is no call and no file of this app. `headers` are
        found in any case. Raises `Silence`.
        """
        parts = urlsplit(url)
        if (file := self._files.get(parts.path)) and method == "GET":
            return self._file(file, url, headers)
        app_id, key = headers.get("appId"), headers.get("apiKey")
        if app_id is None or key is None:
            return None
        path = parts.path.rpartition("/v3/")[2]
        met = self._met(path)
        if met is None:
            return self._answered(app_id, key, method, path, parts.query, headers, content)
        return met

    @contextmanager
    def served(self) -> Iterator[str]:
        """The same as a server on this machine, for what runs elsewhere than in the test: gives the
        address, for `COMETCHAT_API_URL`.
        """

        def respond(*request: Any) -> ChatAnswer:
            return self.answer(*request) or refused(404, "ERR_API_NOT_FOUND")

        with listening(respond) as url:
            yield f"{url}/v3"

    def _met(self, path: str) -> ChatAnswer | None:
        """What a fault answers in place of the app."""
        fault = self._next_fault(unquote(path))
        if fault is None:
            return None
        if fault.is_silence:
            raise Silence
        if fault.seconds is not None:
            self._sleep(min(fault.seconds, self._patience))
            if fault.seconds > self._patience:
                raise Silence
        return fault.answer

    def _answered(
        self,
        app_id: str,
        key: str,
        method: str,
        path: str,
        query: str,
        headers: Mapping[str, str],
        content: bytes,
    ) -> ChatAnswer | None:
        if self._keys is not None and self._keys.get(app_id) != key:
            return refused(401, "AUTH_ERR_APIKEY_NOT_FOUND")
        try:
            body = orjson.loads(content) if content else {}
        except ValueError:
            return refused(400, "ERR_BAD_REQUEST", body=["It is no JSON."])
        as_user = headers.get("onBehalfOf")
        as_user = as_user and as_user.lower()
        call = ChatCall(app_id, method, unquote(path), dict(parse_qsl(query)), body, as_user)
        self.calls.append(call)
        parts = [unquote(part) for part in path.split("/")]
        return route(self, call, parts, self._clock() // 1000)

    def _file(self, file: ChatFile, url: str, headers: Mapping[str, str]) -> ChatAnswer:
        """Older apps answer in three steps: the key gives a token, the token leads to a URL that is
        signed.
        """
        bare, _, query = url.partition("?")
        if query == _SIGNED:
            return ChatAnswer(200, None, file.content, {"Content-Type": file.content_type})
        if query == _TOKEN:
            return ChatAnswer(302, headers={"Location": f"{urlsplit(url).path}?{_SIGNED}"})
        if not file.is_signed and headers.get("apiKey") and headers.get("appId"):
            host = headers.get("Host", "")
            whole = bare if "://" in bare else f"http://{host}{bare}"
            return ChatAnswer(200, {"data": {"url": f"{whole}?{_TOKEN}"}})
        return ChatAnswer(403 if file.is_signed else 401)
