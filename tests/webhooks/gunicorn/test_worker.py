"""Collecting requests: when a thread can begin with one."""

import pytest

from comethooks.webhooks.gunicorn.worker import COLLECTED_BYTES, is_complete

HEAD = b"POST /webhooks HTTP/1.1\r\nHost: x\r\n"


@pytest.mark.parametrize(
    ("received", "complete"),
    [
        (b"", False),
        (b"POST /web", False),
        (HEAD, False),
        (HEAD + b"Content-Length: 2\r\n", False),
        (HEAD + b"Content-Length: 2\r\n\r\n", False),
        (HEAD + b"Content-Length: 2\r\n\r\n{", False),
        (HEAD + b"Content-Length: 2\r\n\r\n{}", True),
        (HEAD + b"CONTENT-LENGTH:2\r\n\r\n{}", True),
        (HEAD + b"\r\n", True),
        (HEAD + b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n", True),
        (HEAD + b"Content-Length: 100000\r\n\r\n", True),
        (HEAD + b"Content-Length: soon\r\n\r\n", True),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", True),
        (b"x" * (COLLECTED_BYTES + 1), True),
    ],
)
def test_a_thread_begins_when_it_need_not_wait(received: bytes, complete: bool) -> None:
    """Complete, too large to collect, of unknown length, or waiting to be told to go on."""
    assert is_complete(received) is complete
