"""Bodies that come compressed, and never more of them than is allowed."""

import gzip
import io
import zlib
from collections.abc import Callable

from comethooks.webhooks.body import NotInflatedError, TooLargeError, UnknownEncodingError


def inflated(raw: bytes, content_encoding: str | None, *, limit: int) -> bytes:
    """The body that `raw` holds in this Content-Encoding, of at most `limit` bytes.

    Beside `raw` it takes no more memory than `limit`, however much the body would inflate to.
    Raises `UnknownEncodingError`, `NotInflatedError`, and `TooLargeError` after one byte more than
    the limit.
    """
    if not content_encoding:
        return raw
    named = (name.strip().lower() for name in content_encoding.split(","))
    encodings = [name for name in named if name not in {"", "identity"}]
    if not encodings:
        return raw
    if len(encodings) > 1 or encodings[0] not in _READERS:
        raise UnknownEncodingError(content_encoding)
    try:
        body = _READERS[encodings[0]](raw, limit + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise NotInflatedError(f"no whole {encodings[0]}: {type(error).__name__}") from None
    if len(body) > limit:
        raise TooLargeError(limit)
    return body


def _gunzip(raw: bytes, size: int) -> bytes:
    with gzip.GzipFile(fileobj=io.BytesIO(raw)) as file:
        return file.read(size)


def _inflate(raw: bytes, size: int) -> bytes:
    inflater = zlib.decompressobj()
    body = inflater.decompress(raw, size)
    if len(body) < size and not inflater.eof:
        raise EOFError
    return body


_READERS: dict[str, Callable[[bytes, int], bytes]] = {
    "gzip": _gunzip,
    "x-gzip": _gunzip,  # the same, by its old name (RFC 9110, 8.4.1.3)
    "deflate": _inflate,
}
