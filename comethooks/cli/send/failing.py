"""Why no answer came, in words: each failure of a connection has its own."""

import socket
import ssl
from collections.abc import Iterator

import httpx

from comethooks.workers.texts import number_of

_PLAIN = "does it speak plain http://?"


def is_refusal(error: httpx.HTTPError) -> bool:
    """Whether nobody listens there."""
    return any(isinstance(cause, ConnectionRefusedError) for cause in _causes(error))


def is_hopeless(error: httpx.HTTPError) -> bool:
    """Whether no connection can be made, so that the next one would fail in the same way."""
    return isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)


def in_words(error: httpx.HTTPError, url: httpx.URL, timeout: float) -> str:
    """What is wrong, and what could be done about it; `timeout` in seconds."""
    if is_refusal(error):
        return "nobody listens there"
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            why = cause.verify_message.rstrip(".")
            return f"TLS failed, because the certificate is not to be trusted: {why}"
        # What is hopeless did not get to the request, so this is from the handshake.
        if isinstance(cause, ssl.SSLEOFError | ConnectionResetError) and is_hopeless(error):
            how = "closed" if isinstance(cause, ssl.SSLEOFError) else "reset"
            return f"TLS failed: the connection was {how}; {_PLAIN}"
        if isinstance(cause, ssl.SSLError):
            return _tls(cause)
        if isinstance(cause, socket.gaierror):
            return f"the name {url.host} leads nowhere: {cause.strerror}"
    return _timed_out(error, timeout) or _broken(error, url)


def _tls(error: ssl.SSLError) -> str:
    reason = (error.reason or error.strerror or "no reason given").replace("_", " ").lower()
    if "wrong version number" in reason or "record layer" in reason:
        return f"TLS failed, because what listens there speaks none ({reason}): use http://"
    return f"TLS failed: {reason}"


def _timed_out(error: httpx.HTTPError, timeout: float) -> str | None:
    if isinstance(error, httpx.ConnectTimeout):
        # httpx gives a handshake that takes too long the same type.
        if "handshake" in str(error):
            return f"no TLS came about within {number_of(timeout, 'second')}; {_PLAIN}"
        return f"no connection came about within {number_of(timeout, 'second')}"
    if isinstance(error, httpx.PoolTimeout):
        return f"no connection was free for {number_of(timeout, 'second')}"
    if isinstance(error, httpx.TimeoutException):
        return f"no answer came within {number_of(timeout, 'second')}"
    return None


def _broken(error: httpx.HTTPError, url: httpx.URL) -> str:
    if any(isinstance(cause, ConnectionResetError | BrokenPipeError) for cause in _causes(error)):
        hint = "" if url.scheme == "https" else "; does it want https://?"
        return f"the connection was reset before an answer came{hint}"
    text = str(error).rstrip(".")
    if isinstance(error, httpx.RemoteProtocolError):
        if "disconnected" in text:
            return "the connection was closed before an answer came"
        return f"what came back is not HTTP: {text}"
    # Such as "no route to host": the system has words for it.
    told = [cause.strerror for cause in _causes(error) if isinstance(cause, OSError)]
    return next((words for words in reversed(told) if words), text or type(error).__name__)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error, and what it came of, down to the first."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
