"""What is read without gunicorn's parser is what that would read, and nothing that is ambiguous."""

import io
from typing import Any
from wsgiref.types import WSGIEnvironment

import pytest
from gunicorn.config import Config  # type: ignore[import-untyped]
from gunicorn.http import wsgi  # type: ignore[import-untyped]
from gunicorn.http.parser import RequestParser  # type: ignore[import-untyped]
from hypothesis import event, given, settings
from hypothesis import strategies as st

from comethooks.webhooks.gunicorn.plain import (
    PlainRequest,
    PlainResponse,
    addresses,
    plain_request,
    shared_environ,
)

CLIENT, SERVER = ("192.0.2.7", 4711), ("192.0.2.1", 8000)
USUAL = (
    b"POST /webhooks HTTP/1.1\r\nHost: example.com\r\nContent-Type: application/json\r\n"
    b"Authorization: Basic YTpi\r\nUser-Agent: axios/1.7\r\nAccept: */*\r\n"
    b"Connection: keep-alive\r\nContent-Length: 2\r\n\r\n{}"
)
GUNICORNS_OWN = {"gunicorn.socket", "wsgi.early_hints", "wsgi.input", "wsgi.errors"}


def config(**others: Any) -> Config:
    """As `webhooks.gunicorn.config` has it, where it bears on how a request is read."""
    made = Config()
    for name, value in {"secure_scheme_headers": {}, "forwarded_allow_ips": "", **others}.items():
        made.set(name, value)
    return made


CONFIG = config()


def plain(received: bytes) -> PlainRequest | None:
    """What is made of it here."""
    shared, own = shared_environ(CONFIG), addresses(CLIENT, SERVER)
    assert shared is not None
    assert own is not None
    return plain_request(received, {**shared, **own})


def gunicorns(received: bytes) -> tuple[WSGIEnvironment, bytes, bytes, bool]:
    """What gunicorn makes of it: the environment, the body, what is left, and whether it closes."""
    parser = RequestParser(CONFIG, iter([received]), CLIENT)
    request = next(parser)
    _, environ = wsgi.create(request, io.BytesIO(), CLIENT, SERVER, CONFIG)
    environ["wsgi.multithread"] = True
    body = environ["wsgi.input"].read()
    return environ, body, parser.unreader.take_buffered(), request.should_close()


names = st.sampled_from(
    [
        *("Host", "Content-Type", "Content-Length", "content-length", "Authorization", "X-A"),
        *("Connection", "Transfer-Encoding", "Expect", "Upgrade", "X_A", "Accept", "Cookie"),
        *("Content-Length ", " Folded", "", "Script-Name", "SCRIPT_NAME", "X-Forwarded-Proto"),
    ]
)
values = st.one_of(
    st.sampled_from(["2", "02", "+2", "2 ", "2, 2", "chunked", "close", "keep-alive", "x", "0"]),
    st.text(st.characters(max_codepoint=255), max_size=12),
)
lines = st.builds(
    lambda name, between, value, end: f"{name}{between}{value}{end}",
    names,
    st.sampled_from([":", ": ", ":\t", " : "]),
    values,
    st.sampled_from(["\r\n"] * 12 + ["\n", "\r", " \r\n", "\r\n x\r\n"]),
)
targets = st.one_of(
    st.sampled_from(["/webhooks", "/webhooks/", "//x", "/a?b=c", "/?", "*", "http://x/y", "/%2f"]),
    st.text(st.characters(max_codepoint=127), max_size=8).map(lambda text: f"/{text}"),
)


@given(
    st.sampled_from(["POST", "post", "PUT", "PATCH", "DELETE", "GET", "POSTS"]),
    targets,
    st.sampled_from(["HTTP/1.1", "HTTP/1.0", "HTTP/1.1 "]),
    st.lists(lines, max_size=5),
    st.sampled_from(["Content-Length: 2\r\n", "content-length:2\r\n", ""]),
    st.sampled_from([b"{}", b"{", b"{}POST / HTTP/1.1", b""]),
)
def test_what_is_read_here_is_what_gunicorn_reads(
    method: str, target: str, version: str, fields: list[str], length: str, body: bytes
) -> None:
    """Whatever the head: it is left to gunicorn, or means the same to both."""
    head = f"{method} {target} {version}\r\n{''.join(fields)}{length}\r\n"
    _is_read_alike(head.encode("latin-1") + body)


@settings(max_examples=300)
@given(st.data())
def test_a_byte_more_or_less_is_read_alike(data: st.DataObject) -> None:
    """The usual request with something in it that was not there."""
    received = bytearray(USUAL)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(received) - 1))
        kept = data.draw(st.integers(0, 1))
        received[place : place + kept] = data.draw(
            st.one_of(
                st.sampled_from([b"", b" ", b":", b"\r\n", b"\n", b"x"]), st.binary(max_size=2)
            )
        )
    _is_read_alike(bytes(received))


def _is_read_alike(received: bytes) -> None:
    found = plain(received)
    event("read here" if found else "left to gunicorn")
    if found is None:
        return
    environ, read, left, closes = gunicorns(received)
    assert found.environ["wsgi.input"].read() == read
    assert (left, closes) == (b"", False)
    assert (found.uri, found.method) == (environ["RAW_URI"], environ["REQUEST_METHOD"])
    assert {name: value for name, value in found.environ.items() if name not in GUNICORNS_OWN} == {
        name: value for name, value in environ.items() if name not in GUNICORNS_OWN
    }


@pytest.mark.parametrize(
    "received",
    [
        USUAL,
        USUAL.replace(b"keep-alive", b"Keep-Alive"),
        *(USUAL.replace(b"POST", method) for method in (b"PUT", b"PATCH", b"DELETE")),
        USUAL.replace(b"/webhooks", b"/webhooks/other?token=a%20b"),
        USUAL.replace(b"Accept: */*", b"X-Forwarded-For:   192.0.2.9, 192.0.2.8  "),
        b"POST / HTTP/1.1\r\nContent-Length:0\r\n\r\n",
    ],
)
def test_the_usual_is_read_here(received: bytes) -> None:
    """Or all this would be of no use."""
    found = plain(received)
    assert found is not None
    environ, read, _, _ = gunicorns(received)
    assert found.environ["wsgi.input"].read() == read
    assert found.environ.keys() == environ.keys() - {"gunicorn.socket", "wsgi.early_hints"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Accept: */*", b"Content-Length: 2"),
        (b"Accept: */*", b"content-length: 0"),
        (b"Content-Length: 2", b"Content-Length: +2"),
        (b"Content-Length: 2", b"Content-Length: 2, 2"),
        (b"Content-Length: 2", b"Content-Length : 2"),
        (b"Content-Length: 2", b"Content_Length: 2"),
        (b"Content-Length: 2", b"Content-Length: 3"),
        (b"Content-Length: 2", b"Content-Length: 1"),
        (b"Content-Length: 2", b"Content-Length:\t2"),
        (b"Content-Length: 2", b"Content-Length: 00000002"),
        (b"Content-Length: 2", b"X: y"),
        (b"Accept: */*", b"Transfer-Encoding: chunked"),
        (b"Accept: */*", b"Transfer-Encoding: identity"),
        (b"Accept: */*", b"Expect: 100-continue"),
        (b"Accept: */*", b"Upgrade: h2c"),
        (b"Accept: */*", b"Host: other.example"),
        (b"Accept: */*", b"X_Forwarded_For: 192.0.2.9"),
        (b"Accept: */*", b"Accept: a\r\n b"),
        (b"Accept: */*", b"Accept: a\nContent-Length: 0"),
        (b"Accept: */*", b"Accept: a\rContent-Length: 0"),
        (b"Accept: */*", b"Accept: \x00"),
        (b"Accept: */*", b"Accept: \xff"),
        (b"Accept: */*", b"Accept"),
        (b"Accept: */*", b"Accept: " + b"x" * 5000),
        (b"Accept: */*", b"\r\n".join(b"X-%d: y" % number for number in range(60))),
        (b"Connection: keep-alive", b"Connection: close"),
        (b"Connection: keep-alive", b"Connection: keep-alive, upgrade"),
        (b"HTTP/1.1", b"HTTP/1.0"),
        (b"HTTP/1.1\r\n", b"HTTP/1.1\n"),
        (b"POST ", b"GET "),
        (b"POST ", b"put "),
        (b"POST ", b"POST  "),
        (b"POST ", b"\r\nPOST "),
        (b"/webhooks", b"//webhooks"),
        (b"/webhooks", b"http://other.example/webhooks"),
        (b"/webhooks", b"/web%68ooks"),
        (b"/webhooks", b"/webhooks#x"),
        (b"{}", b"{}GET / HTTP/1.1\r\n\r\n"),
        (b"{}", b"{"),
    ],
)
def test_what_two_readers_may_read_differently_is_not_read_here(old: bytes, new: bytes) -> None:
    """Gunicorn knows what to do with it, and mostly refuses it."""
    changed = USUAL.replace(old, new, 1)
    assert changed != USUAL
    assert plain(changed) is None


@pytest.mark.parametrize(
    "others",
    [
        {"limit_request_fields": 3},
        {"limit_request_field_size": 20},
        {"limit_request_line": 10},
        {"proxy_protocol": "auto"},
        {"header_map": "refuse"},
        {"secure_scheme_headers": {"X-FORWARDED-PROTO": "https"}},
    ],
)
def test_whoever_configures_gunicorn_gets_gunicorn(others: dict[str, Any]) -> None:
    """Nothing is read here when its settings say to read it in another way."""
    assert shared_environ(config(**others)) is None


def test_a_connection_through_the_file_system_is_left_to_gunicorn() -> None:
    """It has no addresses."""
    assert addresses("", "/run/comethooks.sock") is None


class _Request:
    method, version = "POST", (1, 1)

    def should_close(self) -> bool:
        return False


@pytest.mark.parametrize("closes", [False, True])
@pytest.mark.parametrize(
    ("status", "headers"),
    [
        ("200 OK", [("Content-Type", "application/json"), ("X-Request-Id", "1")]),
        ("503 Service Unavailable", [("Retry-After", "10"), ("Connection", "close")]),
        ("405 METHOD NOT ALLOWED", [("allow", "POST"), ("Server", "x"), ("Date", "x")]),
    ],
)
def test_an_answer_is_that_of_gunicorn(
    status: str, headers: list[tuple[str, str]], closes: bool
) -> None:
    """But for the order of its fields, and as one piece."""
    body = b'{"id":"1"}'
    headers = [*headers, ("Content-Length", str(len(body)))]
    sent: list[bytes] = []
    wire = io.BytesIO()
    wire.sendall = wire.write  # type: ignore[attr-defined]
    for response in (PlainResponse(sent.append), wsgi.Response(_Request(), wire, CONFIG)):
        response.start_response(status, headers)
        if closes:
            response.force_close()
        response.write(body)
        assert response.should_close() is closes
        response.close()
    [ours] = sent
    theirs = wire.getvalue()
    assert _taken_apart(ours) == _taken_apart(theirs)


def _taken_apart(answer: bytes) -> tuple[str, list[str], bytes]:
    head, _, body = answer.partition(b"\r\n\r\n")
    line, *fields = head.decode("latin-1").split("\r\n")
    return line, sorted(field for field in fields if not field.startswith("Date:")), body


@pytest.mark.parametrize("header", [("X-A", "1\r\nX-B: 2"), ("X-A", "1\n"), ("X A", "1")])
def test_no_header_is_sent_that_is_several(header: tuple[str, str]) -> None:
    """The answer fails, and nothing of it goes out."""
    sent: list[bytes] = []
    response = PlainResponse(sent.append)
    response.start_response("200 OK", [header])
    with pytest.raises(ValueError, match="a header"):
        response.close()
    assert sent == []
