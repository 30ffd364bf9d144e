"""`ctx.cometchat.media`: the files of messages, from CometChat's hosts and nowhere else."""

import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

import httpx
import pytest

from comethooks.testing.chat_server import listening
from comethooks.testing.chat_state import ChatAnswer
from comethooks.workers.cometchat import media
from comethooks.workers.cometchat.api_errors import (
    ApiRefusedError,
    CometChatError,
    MediaTooLargeError,
    NoAnswerError,
    NotSendableError,
)
from comethooks.workers.cometchat.media_hosts import problem_with
from comethooks.workers.settings.apps import App
from comethooks.workers.states import RunState
from tests.cometchat import APP, REST_KEY, CometChat
from tests.workers.cometchat.conftest import Run

CONTENT = bytes(range(256)) * 1000


def read(url: str, given: list[Any]) -> Callable[[Any, Any], None]:
    """A handler that reads a file."""

    def handler(event: Any, ctx: Any) -> None:
        with ctx.cometchat.media(url) as found:
            chunks = [*found]
            given.append((found.content_type, found.size, b"".join(chunks), max(map(len, chunks))))

    return handler


def error_of(url: str, kind: type[CometChatError]) -> Callable[[Any, Any], None]:
    """A handler that cannot read it."""

    def handler(event: Any, ctx: Any) -> None:
        with pytest.raises(kind), ctx.cometchat.media(url) as found:
            for _ in found:
                pass

    return handler


class TestFetching:
    """What CometChat has."""

    def test_a_url_that_is_signed_is_asked_without_credentials(
        self, run: Run, server: CometChat
    ) -> None:
        """Piece by piece."""
        url = server.chat.has_file("a.png", CONTENT, content_type="image/png", host=server.url)
        given: list[Any] = []
        result = run(read(url, given))
        assert result.state is RunState.DONE
        assert given == [("image/png", len(CONTENT), CONTENT, media.CHUNK)]
        [call] = server.calls
        assert not {"apikey", "appid", "onbehalfof"} & call.headers.keys()
        assert "Expires=***" in result.effects[0]

    def test_one_of_an_older_app_is_asked_for_with_its_key(
        self, run: Run, server: CometChat
    ) -> None:
        """It tells a URL with a token, which redirects to one that is signed: nobody but the first
        is given the key.
        """
        url = server.chat.has_file("a.png", CONTENT, signed=False, host=server.url)
        given: list[Any] = []
        assert run(read(url, given)).state is RunState.DONE
        assert given[0][2] == CONTENT
        asked = [(call.query, call.headers.get("apikey")) for call in server.calls]
        assert asked == [
            ({}, None),
            ({}, REST_KEY),
            ({"fat": "token"}, None),
            ({"Expires": "signed"}, None),
        ]
        assert server.calls[1].headers["appid"] == APP

    def test_one_that_is_not_there_is_refused(self, run: Run, server: CometChat) -> None:
        """Without its address in the error: that is all which keeps it from strangers."""
        for status in (403, 404, 410):
            server.faults = [(status, b"")]
            result = run(read(f"{server.url}/media/secret-name?Expires=1", []))
            assert result.state is RunState.DEAD
            assert f"CometChat answered {status}" in (result.error or "")
            assert "secret-name" not in (result.error or "")

    def test_without_a_key_what_needs_one_names_the_setting(
        self, run: Run, server: CometChat
    ) -> None:
        url = server.chat.has_file("a.png", CONTENT, signed=False, host=server.url)
        result = run(read(url, []), app=App(APP, "eu"))
        assert "write COMETHOOKS_APPS=" in (result.error or "")

    def test_a_busy_server_is_asked_again(
        self, run: Run, server: CometChat, waits: list[float]
    ) -> None:
        """As for other calls that read."""
        url = server.chat.has_file("a.png", CONTENT, host=server.url)
        server.faults = [(503, b""), (502, b"")]
        given: list[Any] = []
        assert run(read(url, given)).state is RunState.DONE
        assert (len(given), len(waits)) == (1, 2)

    def test_a_dry_run_reads_nothing(self, run: Run, server: CometChat) -> None:
        """It says what it would read."""
        url = server.chat.has_file("a.png", CONTENT, host=server.url)

        def handler(event: Any, ctx: Any) -> None:
            with ctx.cometchat.media(url) as found:
                assert [*found] == []

        result = run(handler, dry_run=True)
        assert result.effects == (f"would GET {server.url}/media/a.png?Expires=***",)
        assert server.calls == []

    def test_requests_may_be_made_while_a_file_is_read(self, run: Run, server: CometChat) -> None:
        """The time that the file has is its own."""
        url = server.chat.has_file("a.png", CONTENT, host=server.url)
        server.chat.has_message({"id": "7"})
        given: list[Any] = []

        def handler(event: Any, ctx: Any) -> None:
            with ctx.cometchat.media(url) as found:
                for chunk in found:
                    given.append((len(chunk), ctx.cometchat.message("7").id))

        assert run(handler).state is RunState.DONE
        assert sum(size for size, _ in given) == len(CONTENT)


class TestLimits:
    """In size and time."""

    def test_a_file_that_says_it_is_too_large_is_not_read(
        self, run: Run, server: CometChat, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(media, "MOST_BYTES", len(CONTENT) - 1)
        url = server.chat.has_file("a.png", CONTENT, host=server.url)
        assert run(error_of(url, MediaTooLargeError)).state is RunState.DONE

    def test_one_that_does_not_say_so_ends_at_the_limit(self) -> None:
        """Not a piece more is given."""
        piece = b"a" * media.CHUNK
        response = httpx.Response(200, content=iter([piece, piece]))
        found = media.Media(response, most=2 * media.CHUNK - 1)
        assert found.size is None
        pieces = iter(found)
        assert next(pieces) == piece
        with pytest.raises(MediaTooLargeError, match="the file is larger than"):
            next(pieces)

    def test_a_run_that_ends_ends_it(self, run: Run) -> None:
        """However slowly it comes: a byte now and then does not begin its time anew."""
        given: list[bytes] = []

        def handler(event: Any, ctx: Any) -> None:
            with ctx.cometchat.media(f"{url}/slow.mp4") as found:
                given.extend(found)

        with dripping() as url:
            named = (url.removeprefix("http://"),)
            result = run(handler, media_hosts=named, timeout=0.4)
        assert "the file broke off (ReadTimeout)" in (result.error or "")
        assert result.finished_at - result.started_at < 2000


@contextmanager
def dripping() -> Iterator[str]:
    """A server whose files never end, a byte at a time."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection, suppress(OSError):
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n")
                while True:
                    connection.sendall(b".")
                    time.sleep(0.02)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        thread.join()


class TestHosts:
    """Where nothing is fetched from."""

    @pytest.mark.parametrize(
        ("url", "problem"),
        [
            ("https://media-eu.cometchat.io/app/media/a.png?Expires=1", None),
            ("https://data-us.cometchat.io/app/media/a.png", None),
            ("https://MEDIA-eu.CometChat.IO./a.png", None),
            ("https://media-eu.cometchat.io:443/a.png", None),
            ("https://files.example.com/a.png", None),
            ("http://127.0.0.1:8000/a.png", None),
            ("http://media-eu.cometchat.io/a.png", "it is not https"),
            ("http://files.example.com/a.png", "it is not https"),
            ("ftp://media-eu.cometchat.io/a.png", "it is not https"),
            ("media-eu.cometchat.io/a.png", "it is not https"),
            ("//media-eu.cometchat.io/a.png", "it is not https"),
            ("https://evil.example/a.png", "evil.example is none of CometChat's hosts"),
            ("https://cometchat.io.evil.example/a.png", "none of CometChat's hosts"),
            ("https://evilcometchat.io/a.png", "none of CometChat's hosts"),
            ("https://evil.files.example.com/a.png", "none of CometChat's hosts"),
            ("https://files.example.com:8443/a.png", "none of CometChat's hosts"),
            ("https://media-eu.cometchat.io:8443/a.png", "none of CometChat's hosts"),
            ("https://127.0.0.1/a.png", "none of CometChat's hosts"),
            ("http://127.0.0.1:8001/a.png", "it is not https"),
            ("https://169.254.169.254/latest", "none of CometChat's hosts"),
            ("https://user:pass@media-eu.cometchat.io/a.png", "it holds a user"),
            ("https://evil.example\\@media-eu.cometchat.io/a.png", "it holds a user"),
            ("https://media-eu.cometchat.io@evil.example/a.png", "it holds a user"),
            ("https://app1.api-eu.cometchat.io/v3/users", "is an API"),
            ("https://apimgmt.cometchat.io/apps", "is an API"),
        ],
    )
    def test_each_says_why(self, url: str, problem: str | None) -> None:
        """What a message says is not to be believed."""
        found = problem_with(httpx.URL(url), ("files.example.com", "127.0.0.1:8000"))
        assert (found is None) is (problem is None)
        assert (problem or "") in (found or "")

    @pytest.mark.parametrize(
        "url",
        ["https://evil.example/a", "https://\x00", "", "https://[", None, "file:///etc/passwd"],
    )
    def test_nothing_is_asked_there(self, run: Run, server: CometChat, url: Any) -> None:
        """And nobody is given the key."""
        assert run(error_of(url, NotSendableError)).state is RunState.DONE
        assert server.calls == []

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_a_redirect_elsewhere_is_not_followed(
        self, run: Run, server: CometChat, status: int
    ) -> None:
        """Nor is what the API says to be the URL."""
        asked: list[str] = []

        def respond(method: str, url: str, headers: Mapping[str, str], body: bytes) -> ChatAnswer:
            asked.append(url)
            return ChatAnswer(status, headers={"Location": "https://evil.example/a"})

        with listening(respond) as url:
            named = (url.removeprefix("http://"),)
            result = run(error_of(f"{url}/a", NotSendableError), media_hosts=named)
        assert result.state is RunState.DONE
        assert asked == ["/a"]

    def test_what_the_api_names_is_checked_as_well(self, run: Run, server: CometChat) -> None:
        """It is told by a message's URL which answer it is."""
        for told in ("https://evil.example/a", f"{server.url}0/a"):
            server.faults = [(401, b""), (200, {"data": {"url": told}})]
            handler = error_of(f"{server.url}/media/a", NotSendableError)
            assert run(handler).state is RunState.DONE
            assert len(server.calls) == 2
            server.calls.clear()

    def test_redirects_without_an_end_end(self, run: Run, server: CometChat) -> None:
        def respond(method: str, url: str, headers: Mapping[str, str], body: bytes) -> ChatAnswer:
            return ChatAnswer(302, headers={"Location": "/again"})

        with listening(respond) as url:
            named = (url.removeprefix("http://"),)
            result = run(error_of(f"{url}/a", NoAnswerError), media_hosts=named)
        assert result.state is RunState.DONE

    def test_a_key_that_is_refused_is_told(self, run: Run, server: CometChat) -> None:
        """A 401 twice."""
        server.faults = [(401, b""), (401, b"")]
        handler = error_of(f"{server.url}/media/a", ApiRefusedError)
        assert run(handler, app=replace(server.app, rest_key="old")).state is RunState.DONE
