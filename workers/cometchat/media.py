"""The files of messages: `ctx.cometchat.media(url)`.

Newer apps put URLs into messages that are signed and valid for a day. Those of older apps answer
401: then the same URL is asked with the app's key, and says under `data.url` another one, with a
token, that leads to one which is valid for five minutes. Nobody but CometChat's hosts is asked, and
the key is not given to any other.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol

import orjson

from comethooks.schemas.wire.rules import to_object, to_text
from comethooks.workers.cometchat.api_errors import (
    ApiFailedError,
    ApiRefusedError,
    MediaTooLargeError,
    NoAnswerError,
    NotSendableError,
)
from comethooks.workers.cometchat.calls import ApiCalls
from comethooks.workers.cometchat.media_hosts import problem_with
from comethooks.workers.cometchat.repeating import Repeats

if TYPE_CHECKING:
    import httpx

MOST_BYTES = 100 * 1000 * 1000
"""The largest file that is read; CometChat lets users send as much."""
CHUNK = 64 * 1024
MOST_TOLD = 64 * 1024
"""Bytes of an answer that only says where a file is."""
_MOST_STEPS = 5
"""So many answers may say where to go on, before one has the file."""


class Streaming(Protocol):
    """What files are fetched with: `ctx.http`, or what does the same."""

    def stream(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None
    ) -> "AbstractContextManager[httpx.Response]":
        """The answer to a GET, whose body is read as it is asked for. Raises what httpx raises."""


class Media:
    """A file that is being fetched. Iterate over it, once, for its bytes."""

    def __init__(self, response: "httpx.Response", most: int = MOST_BYTES) -> None:
        self.content_type = response.headers.get("Content-Type")
        """What CometChat says it is; None if nothing."""
        length = response.headers.get("Content-Length", "")
        self.size = int(length) if length.isascii() and length.isdecimal() else None
        """Its bytes, as far as CometChat says so."""
        self._response = response
        self._most = most

    def __iter__(self) -> Iterator[bytes]:
        """Its bytes, in pieces of at most 64 kB. Raises `MediaTooLargeError`, and `NoAnswerError`
        when it breaks off.
        """
        import httpx

        read = 0
        try:
            for chunk in self._response.iter_bytes(CHUNK):
                read += len(chunk)
                if read > self._most:
                    raise MediaTooLargeError(self._most)
                yield chunk
        except httpx.HTTPError as error:
            raise NoAnswerError(f"the file broke off ({type(error).__name__})") from None


class MediaFiles:
    """Fetches files as an app. `hosts` are those of the setting."""

    def __init__(
        self,
        calls: ApiCalls,
        streams: Streaming,
        hosts: tuple[str, ...],
        seconds_left: Callable[[], float],
    ) -> None:
        self._calls = calls
        self._streams = streams
        self._hosts = hosts
        self._seconds_left = seconds_left

    @contextmanager
    def opened(self, url: str) -> Iterator[Media]:
        """The file at `url`. Raises `CometChatError`."""
        asked_with_key = False
        for _ in range(_MOST_STEPS):
            with ExitStack() as stack:
                response = self._answer(stack, self._checked(url))
                if response.status_code == HTTPStatus.UNAUTHORIZED and not asked_with_key:
                    asked_with_key = True
                    url = self._url_with_token(url)
                elif response.has_redirect_location:
                    url = str(response.url.join(response.headers["Location"]))
                else:
                    yield self._media(response)
                    return
        raise NoAnswerError("the file is nowhere: each address leads to another one")

    def _media(self, response: "httpx.Response") -> Media:
        if response.is_success:
            media = Media(response)
            if media.size is not None and media.size > MOST_BYTES:
                raise MediaTooLargeError(MOST_BYTES)
            return media
        raise _refused(response)

    def _answer(
        self, stack: ExitStack, url: str, headers: Mapping[str, str] | None = None
    ) -> "httpx.Response":
        """The answer to a GET, repeated as calls are. `stack` closes it."""
        import httpx

        repeats = Repeats("GET", self._seconds_left)
        # Packed, a small file may hold a large one; pictures and films are packed already.
        headers = {"Accept-Encoding": "identity", **(headers or {})}
        while True:
            try:
                response = stack.enter_context(self._streams.stream("GET", url, headers=headers))
            except httpx.HTTPError as error:
                wait = repeats.after_error(error)
                if wait is None:
                    why = type(error).__name__
                    raise NoAnswerError(f"CometChat gave no answer for a file ({why})") from None
            else:
                wait = repeats.after_answer(response)
                if wait is None:
                    return response
            stack.close()
            self._calls.pacing.sleep(wait)

    def _url_with_token(self, url: str) -> str:
        """What `url` says when it is asked with the key of the app."""
        headers = self._calls.known_app().api_headers()
        with ExitStack() as stack:
            response = self._answer(stack, self._checked(url), headers)
            if not response.is_success:
                raise _refused(response)
            text = b"".join(Media(response, MOST_TOLD))
        told = to_text((to_object((_json(text) or {}).get("data")) or {}).get("url"))
        if not told:
            raise NoAnswerError("CometChat did not say where the file is")
        return told

    def _checked(self, url: str) -> str:
        """`url`, if files are fetched from there. Raises `NotSendableError`."""
        import httpx

        try:
            problem = problem_with(httpx.URL(url), self._hosts)
        except (httpx.InvalidURL, TypeError):
            problem = "it is no URL"
        if problem is not None:
            raise NotSendableError([f"url: {problem}"])
        return url


def _refused(response: "httpx.Response") -> Exception:
    # Its path and query may be all that keeps the file from strangers.
    kind = ApiFailedError if response.is_server_error else ApiRefusedError
    return kind(f"GET {response.url.host}/…", response.status_code)


def _json(text: bytes) -> dict[str, Any] | None:
    try:
        return to_object(orjson.loads(text))
    except ValueError:
        return None
