"""The shape that webhooks come in, read and answered in a few steps.

gunicorn's parser is written in Python and is ready for everything that HTTP allows; it costs more
than all that is done with most webhooks. Here is read what has a method that sends something, a
whole body of a stated length, and a head of which no part could be understood in two ways. gunicorn
would make the same environment of it: `tests/webhooks/gunicorn/test_plain.py` holds both side by
side. Everything else, in doubt too, is gunicorn's to read, and to refuse.
"""

import io
import os
import re
import time
from collections.abc import Callable, Sequence
from email.utils import formatdate
from functools import lru_cache
from typing import Any
from wsgiref.types import WSGIEnvironment

from gunicorn.config import Config  # type: ignore[import-untyped]
from gunicorn.http import wsgi  # type: ignore[import-untyped]
from gunicorn.util import hop_headers  # type: ignore[import-untyped]

from comethooks.webhooks.gunicorn.arriving import SENDING

LONGEST_HEAD = 4000
"""In bytes: within every limit that gunicorn has for a line or a field."""
MOST_FIELDS = 50

# No name with an underscore, which the environment would mix up with another one's; nothing but
# printable ASCII; no blank before a colon, no folded line, no line that ends with LF alone.
_HEAD = re.compile(
    rb"(" + b"|".join(SENDING) + rb")"
    rb" (/(?!/)[A-Za-z0-9/._~-]*)(?:\?([A-Za-z0-9/._~=&%+-]*))? HTTP/1\.1\r\n"
    rb"((?:[A-Za-z0-9-]+:[\x20-\x7e]*\r\n)+)\r\n"
)
_LENGTH = re.compile("[0-9]{1,7}")
_ELSEWHERE = frozenset({"HTTP_TRANSFER_ENCODING", "HTTP_EXPECT", "HTTP_UPGRADE", "HTTP_TRAILER"})
"""Who sends one of these asks for more than an answer."""
_READING = (
    *("limit_request_line", "limit_request_fields", "limit_request_field_size", "is_ssl"),
    *("proxy_protocol", "permit_obsolete_folding", "strip_header_spaces", "header_map"),
    *("permit_unconventional_http_method", "casefold_http_method", "http_protocols"),
    *("permit_unconventional_http_version", "http2_cleartext", "protocol"),
)
"""gunicorn's settings that say how a head is read."""

_ANSWER_FIELDS = re.compile(r"(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+: [ \t\x21-\x7e\x80-\xff]*\r\n)*")
_FRAMING = frozenset(hop_headers) | {"content-length"}


class PlainRequest:
    """A request of this shape, as far as gunicorn asks for more of it than its environment."""

    version, must_close = (1, 1), False

    def __init__(self, uri: str, environ: WSGIEnvironment) -> None:
        self.uri = uri
        self.method = environ["REQUEST_METHOD"]
        self.environ = environ


def shared_environ(cfg: Any) -> WSGIEnvironment | None:
    """What all environments of a process hold; None when gunicorn was told to read requests in a
    way of its own, so that they cannot be read here.
    """
    usual = Config()
    if any(getattr(cfg, name) != getattr(usual, name) for name in _READING):
        return None
    if cfg.secure_scheme_headers or "SCRIPT_NAME" in os.environ:
        return None
    return {
        **wsgi.base_environ(cfg),
        "wsgi.multithread": True,
        "wsgi.url_scheme": "http",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SCRIPT_NAME": "",
    }


def addresses(client: Any, server: Any) -> WSGIEnvironment | None:
    """What all environments of a connection hold; None when it has no addresses, as those through
    the file system.
    """
    if not (isinstance(client, tuple) and isinstance(server, tuple)):
        return None
    return {
        "REMOTE_ADDR": client[0],
        "REMOTE_PORT": str(client[1]),
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1]),
    }


def plain_request(received: bytes, around: WSGIEnvironment) -> PlainRequest | None:
    """The request that `received` is, nothing more and nothing less; None when gunicorn has to read
    it. `around` becomes its environment: it holds `shared_environ` and `addresses`.

    The environment lacks what is gunicorn's own: `gunicorn.socket` and `wsgi.early_hints`.
    """
    head = _HEAD.match(received, 0, LONGEST_HEAD)
    if head is None:
        return None
    fields = head[4].decode("ascii").split("\r\n")
    fields.pop()
    if len(fields) > MOST_FIELDS:
        return None
    environ = around  # nobody else has it
    for field in fields:
        name, _, value = field.partition(":")
        key = f"HTTP_{name.upper().replace('-', '_')}"
        if key in environ or key in _ELSEWHERE:
            return None
        environ[key] = value.strip(" ")
    length = environ.pop("HTTP_CONTENT_LENGTH", "")
    body = received[head.end() :]
    if not _LENGTH.fullmatch(length) or len(body) != int(length):
        return None
    if environ.get("HTTP_CONNECTION", "keep-alive").lower() != "keep-alive":
        return None
    if "HTTP_CONTENT_TYPE" in environ:
        environ["CONTENT_TYPE"] = environ.pop("HTTP_CONTENT_TYPE")
    path, query = head[2].decode("ascii"), head[3]
    uri = path if query is None else f"{path}?{query.decode('ascii')}"
    environ["REQUEST_METHOD"] = head[1].decode("ascii")
    environ["CONTENT_LENGTH"] = length
    environ["PATH_INFO"] = path
    environ["QUERY_STRING"] = (query or b"").decode("ascii")
    environ["RAW_URI"] = uri
    environ["wsgi.input"] = io.BytesIO(body)
    return PlainRequest(uri, environ)


class PlainResponse:
    """An answer to a plain request. It goes to `send` as one piece, which is framed by its length.

    It takes the place of gunicorn's own, and has the methods of it that a worker calls.
    """

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._send = send
        self._status = ""
        self._fields: Sequence[tuple[str, str]] = ()
        self._parts: list[bytes] = []
        self._closes = False

    def start_response(
        self, status: str, headers: Sequence[tuple[str, str]], exc_info: object = None
    ) -> Callable[[bytes], None]:
        """As PEP 3333 has it."""
        if self._status and exc_info is None:
            raise AssertionError("the answer has begun already")
        self._status, self._fields = status, headers
        return self._parts.append

    def write(self, part: bytes) -> None:
        """The next part of the body."""
        self._parts.append(part)

    def force_close(self) -> None:
        """Let no other request follow on the connection."""
        self._closes = True

    def should_close(self) -> bool:
        """Whether no other request may follow."""
        return self._closes

    def close(self) -> None:
        """Send it. Raises `ValueError` for a header that could be read as several."""
        body = b"".join(self._parts)
        fields = [
            f"{name}: {value}\r\n" for name, value in self._fields if name.lower() not in _FRAMING
        ]
        if self._status[:3] not in {"204", "304"}:
            fields.append(f"Content-Length: {len(body)}\r\n")
        written = "".join(fields)
        is_one_each = written.count("\n") == len(fields) and self._status.isprintable()
        if not is_one_each or not _ANSWER_FIELDS.fullmatch(written):
            raise ValueError("an answer has a header that is not one")
        head = (
            f"HTTP/1.1 {self._status}\r\nServer: {wsgi.SERVER}\r\nDate:"
            f" {_date(int(time.time()))}\r\nConnection:"
            f" {'close' if self._closes else 'keep-alive'}\r\n{written}\r\n"
        )
        self._send(head.encode("latin-1") + body)


@lru_cache(maxsize=1)
def _date(second: int) -> str:
    return formatdate(second, usegmt=True)
