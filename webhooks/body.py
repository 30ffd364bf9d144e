"""Reading the body of a request, and never more of it than is allowed."""

from typing import Protocol

from comethooks.workers.texts import number_of

STEP = 64 * 1024
MAX_DIGITS = 15
"""How many digits of a Content-Length are read as a number; a longer one is too large."""


class Stream(Protocol):
    """`wsgi.input`."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; fewer, or none, at the end."""


class BodyError(Exception):
    """There is no body to judge.

    BodyError
    ├── TooLargeError           more than is allowed
    ├── BrokenOffError          it ended early, came too slowly or was framed wrongly
    ├── UnknownEncodingError    it is encoded in a way that is not read here
    └── NotInflatedError        it is not what its Content-Encoding says
    """


class TooLargeError(BodyError):
    """The body has more than `limit` bytes; none, or just one more than the limit, was read."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"more than {number_of(limit, 'byte')}")
        self.limit = limit


class BrokenOffError(BodyError):
    """The sender went away, fell silent, or framed the body wrongly."""


class UnknownEncodingError(BodyError):
    """The body came in a Content-Encoding that is not read here; `encoding` is the header."""

    def __init__(self, encoding: str) -> None:
        super().__init__(encoding)
        self.encoding = encoding


class NotInflatedError(BodyError):
    """The bytes that came are not a whole body of the Content-Encoding that they were sent with."""


def read(stream: Stream, content_length: str | None, *, limit: int, terminated: bool) -> bytes:
    """The whole body.

    `content_length` is the header's value; without it, `terminated` says whether the stream ends by
    itself (a chunked body). Raises `TooLargeError`, before reading anything when the length is
    declared, and `BrokenOffError`.
    """
    if content_length:
        return _of_length(stream, content_length, limit)
    return _until_end(stream, limit) if terminated else b""


def _of_length(stream: Stream, content_length: str, limit: int) -> bytes:
    if not (content_length.isascii() and content_length.isdigit()):
        raise BrokenOffError("Content-Length is not a number")
    digits = content_length.lstrip("0") or "0"
    if len(digits) > MAX_DIGITS or int(digits) > limit:
        raise TooLargeError(limit)
    size = int(digits)
    body = _read(stream, size)
    if len(body) < size:
        raise BrokenOffError("the body is shorter than its Content-Length")
    return body


def _until_end(stream: Stream, limit: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while size <= limit:
        part = _read(stream, min(STEP, limit + 1 - size))
        if not part:
            return b"".join(parts)
        parts.append(part)
        size += len(part)
    raise TooLargeError(limit)


def _read(stream: Stream, size: int) -> bytes:
    try:
        return stream.read(size)
    except Exception as error:
        # Every server has errors of its own for a lost connection or a malformed chunk.
        raise BrokenOffError(type(error).__name__) from None
