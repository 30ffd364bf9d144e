"""HTTP for handlers: requests that end in time, answers that fit into memory, nothing kept from one
to the next.
"""

import ast
import gzip
import inspect
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import ModuleType
from typing import Any

import httpx
import pytest

from comethooks.workers.handlers import http as http_module
from comethooks.workers.handlers import http_client, http_transport
from comethooks.workers.handlers.effects import Effects
from comethooks.workers.handlers.http import LARGEST_ANSWER, Http
from comethooks.workers.handlers.http_client import new_client
from comethooks.workers.plugins.config import Config

OK = b"HTTP/1.1 200 OK\r\n"
Answer = Callable[[socket.socket, bytes], None]


class Server:
    """Answers each request as the function says that stands under its path; counts connections."""

    def __init__(self) -> None:
        self.answers: dict[bytes, Answer] = {}
        self.requests: list[bytes] = []
        self.connections = 0
        self.closed = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def answer(self, path: str, *parts: bytes, pause: float = 0.0) -> str:
        """Send `parts` to who asks for `path`, with a pause before each; its address."""

        def send(connection: socket.socket, request: bytes) -> None:
            for part in parts:
                if self.closed.wait(pause):
                    return
                connection.sendall(part)

        self.answers[path.encode()] = send
        return self.url + path

    def close(self) -> None:
        self.closed.set()
        self._socket.shutdown(socket.SHUT_RDWR)  # which ends the thread that accepts
        self._socket.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection:
                while request := connection.recv(65_536):
                    self.requests.append(request)
                    self.answers[request.split(b" ")[1]](connection, request)
        except OSError:
            """Who asked has gone."""


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


@pytest.fixture
def effects() -> Effects:
    return Effects(Config("shop", {}))


@pytest.fixture
def http(effects: Effects) -> Iterator[Http]:
    with new_client() as client:
        yield Http(lambda: client, effects, lambda: 30.0, dry_run=False)


@contextmanager
def deaf(*hosts: str, port: int = 0) -> Iterator[int]:
    """Addresses that nobody gets a connection to, and that refuse none; their port."""
    with ExitStack() as opened:
        for host in hosts:
            listening = opened.enter_context(socket.create_server((host, port), backlog=0))
            port = listening.getsockname()[1]
            for _ in range(4):  # as many as wait to be accepted, and more
                waiting = opened.enter_context(socket.socket())
                waiting.setblocking(False)
                waiting.connect_ex((host, port))
        yield port


def resolve(monkeypatch: pytest.MonkeyPatch, name: str, *addresses: str) -> None:
    """Let `name` have these addresses."""
    known = socket.getaddrinfo

    def look_up(host: Any, port: Any, *rest: Any, **options: Any) -> Any:
        if host != name:
            return known(host, port, *rest, **options)
        if not addresses:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [entry for each in addresses for entry in known(each, port, 0, socket.SOCK_STREAM)]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


def seconds_until_timeout(call: Callable[[], object]) -> float:
    began = time.monotonic()
    with pytest.raises(httpx.TimeoutException):
        call()
    return time.monotonic() - began


class TestDeadline:
    def test_a_body_that_comes_a_byte_at_a_time_is_not_waited_for(
        self, http: Http, server: Server
    ) -> None:
        """The time-out is for the whole request, and does not begin again with each byte."""
        url = server.answer("/", OK + b"Content-Length: 50\r\n\r\n", *[b"x"] * 50, pause=0.2)
        assert 0.4 < seconds_until_timeout(lambda: http.get(url, timeout=0.5)) < 5

    def test_so_are_headers(self, http: Http, server: Server) -> None:
        """They are no answer yet."""
        url = server.answer("/", OK, *[b"X-More: x\r\n"] * 50, pause=0.2)
        assert 0.4 < seconds_until_timeout(lambda: http.get(url, timeout=0.5)) < 5

    def test_a_pause_in_the_middle_ends_with_the_time_that_is_left(
        self, http: Http, server: Server
    ) -> None:
        """Not with a whole time-out counted from its beginning: that would take 3.4 s."""
        url = server.answer("/", OK + b"Content-Length: 9\r\n\r\n", b"x", b"x", pause=0.8)
        assert seconds_until_timeout(lambda: http.get(url, timeout=1.0)) < 3

    def test_who_does_not_read_is_not_waited_for(self, http: Http, server: Server) -> None:
        """However much there is to send."""

        def never_read(connection: socket.socket, request: bytes) -> None:
            server.closed.wait(20)
            connection.close()

        server.answers[b"/"] = never_read
        assert (
            seconds_until_timeout(
                lambda: http.post(server.url, content=b"x" * 30_000_000, timeout=0.5)
            )
            < 10
        )

    def test_it_is_what_is_left_of_the_run_when_that_is_less(
        self, effects: Effects, server: Server
    ) -> None:
        """A handler is never interrupted in a request of `ctx.http`."""
        url = server.answer("/", OK + b"Content-Length: 50\r\n\r\n", *[b"x"] * 50, pause=0.2)
        with new_client() as client:
            short = Http(lambda: client, effects, lambda: 0.3, dry_run=False)
            assert seconds_until_timeout(lambda: short.get(url)) < 5
        assert effects.lines[0].endswith("→ ReadTimeout")

    def test_the_next_request_has_all_its_time(self, http: Http, server: Server) -> None:
        """And goes over the same connection."""
        url = server.answer("/", OK + b"Content-Length: 2\r\n\r\n", b"ok", pause=0.2)
        assert [http.get(url, timeout=0.9).text for _ in range(3)] == ["ok"] * 3
        assert server.connections == 1

    def test_a_proxy_is_used_and_held_to_it(
        self, server: Server, effects: Effects, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As the environment says."""
        server.answer("http://nowhere.example/", OK, *[b"X-More: x\r\n"] * 50, pause=0.2)
        monkeypatch.setenv("HTTP_PROXY", server.url)
        with new_client() as client:
            http = Http(lambda: client, effects, lambda: 30.0, dry_run=False)
            took = seconds_until_timeout(lambda: http.get("http://nowhere.example/", timeout=0.5))
        assert took < 5
        assert server.connections == 1


class TestProxies:
    @pytest.fixture
    def answered(
        self, server: Server, effects: Effects, monkeypatch: pytest.MonkeyPatch
    ) -> Iterator[Callable[[str], str]]:
        """Asks for an address, with `server` as the proxy of all but one host; what comes back."""
        monkeypatch.setenv("ALL_PROXY", server.url.replace("//", "//ada:pass%20word@"))
        monkeypatch.setenv("NO_PROXY", "near.example")
        with new_client() as client:
            http = Http(lambda: client, effects, lambda: 30.0, dry_run=False)
            yield lambda url: http.get(url).text

    def test_it_is_told_who_asks(self, server: Server, answered: Callable[[str], str]) -> None:
        """The password of its address goes into a header."""
        server.answer("http://far.example/", OK + b"Content-Length: 3\r\n\r\nfar")
        assert answered("http://far.example/") == "far"
        assert b"Proxy-Authorization: Basic YWRhOnBhc3Mgd29yZA==" in server.requests[0]

    def test_who_needs_none_is_reached_directly(
        self, server: Server, answered: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """NO_PROXY names it."""
        port = server.url.rpartition(":")[2]
        resolve(monkeypatch, "near.example", "127.0.0.1")
        server.answer("/", OK + b"Content-Length: 4\r\n\r\nnear")
        assert answered(f"http://near.example:{port}/") == "near"
        assert b"Proxy-Authorization" not in server.requests[0]


def test_an_answer_that_is_no_http_is_an_error_of_httpx(http: Http, server: Server) -> None:
    """Plugins catch what httpx raises, whoever noticed it."""
    with pytest.raises(httpx.RemoteProtocolError):
        http.get(server.answer("/", b"no HTTP at all\r\n\r\n"))
    with pytest.raises(httpx.UnsupportedProtocol):
        http.get("gopher://example.com/")


class TestAddresses:
    def test_all_of_them_together_have_the_time_of_one(
        self, http: Http, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """However many a name has that do not answer: four times that would be 8 s."""
        with deaf("127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4") as port:
            resolve(monkeypatch, "many.example", "127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4")
            took = seconds_until_timeout(
                lambda: http.post(f"http://many.example:{port}/", timeout=2.0)
            )
        assert 1.9 < took < 7
        assert http.arrived == 0

    def test_one_that_does_not_answer_leaves_time_for_the_next(
        self, http: Http, server: Server, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As of a host whose first address is of a network that is not there."""
        url = server.answer("/", OK + b"Content-Length: 2\r\n\r\n", b"ok")
        port = int(url.split(":")[2].rstrip("/"))
        with deaf("127.0.0.2", port=port):
            resolve(monkeypatch, "two.example", "127.0.0.2", "127.0.0.1")
            assert http.get(f"http://two.example:{port}/", timeout=2.0).text == "ok"

    def test_one_that_refuses_is_passed_over(
        self, http: Http, server: Server, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The last one says what is wrong when all do."""
        url = server.answer("/", OK + b"Content-Length: 2\r\n\r\n", b"ok")
        port = int(url.split(":")[2].rstrip("/"))
        resolve(monkeypatch, "two.example", "127.0.0.9", "127.0.0.1")
        assert http.get(f"http://two.example:{port}/").text == "ok"
        resolve(monkeypatch, "none.example", "127.0.0.9", "127.0.0.8")
        with pytest.raises(httpx.ConnectError, match="refused"):
            http.get(f"http://none.example:{port}/")

    def test_a_name_that_nobody_knows_cannot_be_connected_to(
        self, http: Http, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Nor can one that is no name."""
        resolve(monkeypatch, "unknown.example")
        for host in ("unknown.example", "a" * 70 + ".example"):
            with pytest.raises(httpx.ConnectError):
                http.post(f"http://{host}/")
        assert http.arrived == 0


class TestAnswers:
    def test_one_that_is_too_large_is_an_error(self, http: Http, server: Server) -> None:
        """That says so; no more of it is read."""
        url = server.answer("/", OK + b"\r\n", *[b"x" * 1_000_000] * 30)
        with pytest.raises(httpx.ReadError, match="larger than 10 MB"):
            http.get(url)

    def test_what_counts_is_its_size_unpacked(self, http: Http, server: Server) -> None:
        """A small file can hold a large one."""
        packed = gzip.compress(b"x" * (LARGEST_ANSWER + 1))
        head = f"Content-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n".encode()
        with pytest.raises(httpx.ReadError, match="larger than 10 MB"):
            http.get(server.answer("/", OK + head + packed))

    def test_any_other_one_is_whole(self, http: Http, server: Server) -> None:
        """Unpacked, with its headers, its encoding and how long it took."""
        packed = gzip.compress("é".encode("latin-1") * 3)
        head = "Content-Encoding: gzip\r\nContent-Type: text/plain; charset=latin-1\r\nX-Own: 1\r\n"
        head = f"HTTP/1.1 201 Fine\r\n{head}Content-Length: {len(packed)}\r\n\r\n"
        answer = http.get(server.answer("/", head.encode() + packed))
        assert (answer.status_code, answer.reason_phrase, answer.text) == (201, "Fine", "ééé")
        assert (answer.headers["X-Own"], answer.http_version) == ("1", "HTTP/1.1")
        assert answer.elapsed.total_seconds() > 0
        assert answer.request.url == f"{server.url}/"

    def test_cookies_are_not_kept(self, http: Http, server: Server) -> None:
        """What one event's request is given, another event's must not send; who is given one can
        read it.
        """
        url = server.answer("/", OK + b"Set-Cookie: session=s3cret\r\nContent-Length: 0\r\n\r\n")
        assert http.get(url).cookies["session"] == "s3cret"
        http.get(url, headers={"Cookie": "mine=1"})
        http.get(url)
        assert [b"s3cret" in request for request in server.requests] == [False] * 3
        assert b"mine=1" in server.requests[1]


@pytest.mark.parametrize(
    ("method", "answer", "arrived"),
    [
        ("POST", OK, 1),
        ("DELETE", OK, 1),
        ("GET", OK, 0),
        ("POST", b"HTTP/1.1 503 Away\r\n", 0),
        ("POST", b"HTTP/1.1 404 No\r\n", 0),
        ("POST", b"HTTP/1.1 303 See Other\r\nLocation: /done\r\n", 1),
        ("GET", b"HTTP/1.1 302 Found\r\nLocation: /in\r\n", 0),
    ],
)
def test_an_answer_tells_whether_a_request_had_its_effect(
    http: Http, server: Server, method: str, answer: bytes, arrived: int
) -> None:
    """To more than a question, all but an error says that it had it; who redirects has often done
    it already.
    """
    http.request(method, server.answer("/", answer + b"Content-Length: 0\r\n\r\n"))
    assert http.arrived == arrived


def test_a_header_that_cannot_be_sent_is_not_sent(http: Http, server: Server) -> None:
    """Nothing of the request is."""
    with pytest.raises(httpx.LocalProtocolError):
        http.post(server.answer("/", OK), headers={"X-Note": "two\nlines"})
    assert (http.arrived, server.requests) == (0, [])


def test_what_a_proxy_does_not_let_through_was_not_sent(
    server: Server, effects: Effects, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was asked for a connection, and said no."""
    server.answer("nowhere.example:443", b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")
    monkeypatch.setenv("HTTPS_PROXY", server.url)
    with new_client() as client:
        http = Http(lambda: client, effects, lambda: 30.0, dry_run=False)
        with pytest.raises(httpx.ProxyError):
            http.post("https://nowhere.example/")
    assert http.arrived == 0


@pytest.mark.parametrize(
    ("url", "arrived"),
    [("http://127.0.0.1:9/", 0), ("ftp://a.example/", 0), ("drop", 1), ("cut", 1)],
)
def test_without_an_answer_it_may_have_had_it(
    http: Http, server: Server, url: str, arrived: int
) -> None:
    """Unless it was not even sent."""
    server.answers[b"/"] = lambda connection, request: connection.close()
    cut = server.answer("/cut", OK + b"Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nno gz")
    with pytest.raises(httpx.HTTPError):
        http.post({"drop": server.url, "cut": cut}.get(url, url))
    assert http.arrived == arrived


@pytest.mark.parametrize("module", [http_module, http_client, http_transport])
def test_nothing_of_httpx_or_httpcore_is_private(module: ModuleType) -> None:
    """So a new version of theirs changes nothing here, and none has to be pinned."""
    private = [
        f"{node.lineno}: {ast.unparse(node)}"
        for node in ast.walk(ast.parse(inspect.getsource(module)))
        if isinstance(node, ast.Attribute)
        and node.attr.startswith("_")
        and not node.attr.startswith("__")
        and ast.unparse(node.value) != "self"
    ]
    assert private == []


def test_an_answer_is_streamed(server: Server, http: Http) -> None:
    """Of whatever size, and a request may be made meanwhile; only of a GET."""
    size = LARGEST_ANSWER + 1
    head = OK + f"Content-Length: {size}\r\n\r\n".encode()
    url = server.answer("/large", head + b"a" * size)
    other = server.answer("/small", OK + b"Content-Length: 1\r\n\r\nb")
    with http.stream("GET", url) as answer:
        read = 0
        for chunk in answer.iter_bytes():
            if not read:
                assert http.get(other).content == b"b"
            read += len(chunk)
    assert read == size
    with pytest.raises(ValueError, match="only the answers to a GET"), http.stream("POST", url):
        pass
