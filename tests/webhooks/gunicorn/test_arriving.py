"""Collecting requests: when a thread can begin with one, and whether it has to read on."""

import itertools
import time

import pytest

from comethooks.webhooks.gunicorn.arriving import COLLECTED_BYTES, Arrived, ArrivingRequest

HEAD = b"POST /webhooks HTTP/1.1\r\nHost: x\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
LARGE = COLLECTED_BYTES + 1


@pytest.mark.parametrize(
    ("received", "arrived"),
    [
        (b"POST /web", Arrived.PART),
        (HEAD, Arrived.PART),
        (HEAD + b"Content-Length: 2\r\n", Arrived.PART),
        (HEAD + b"Content-Length: 2\r\n\r\n", Arrived.PART),
        (HEAD + b"Content-Length: 2\r\n\r\n{", Arrived.PART),
        (HEAD + b"Content-Length: 2\r\n\r\n{}", Arrived.WHOLE),
        (HEAD + b"CONTENT-LENGTH:2\r\n\r\n{}", Arrived.WHOLE),
        (HEAD + b"Content-Length: 2\r\n\r\n{}POST /", Arrived.WHOLE),
        (HEAD + b"\r\n", Arrived.WHOLE),
        (HEAD + b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n", Arrived.OPEN),
        (HEAD + f"Content-Length: {LARGE}\r\n\r\n".encode(), Arrived.OPEN),
        (HEAD + b"Content-Length: 99999999999\r\n\r\n", Arrived.OPEN),
        (HEAD + b"Content-Length: soon\r\n\r\n", Arrived.OPEN),
        (b"x" * COLLECTED_BYTES, Arrived.PART),
        (b"x" * LARGE, Arrived.ENDLESS),
        (b"x" * LARGE + b"\r\n\r\n", Arrived.ENDLESS),
        (b"", Arrived.NOTHING),
    ],
)
def test_a_thread_begins_when_it_need_not_wait(received: bytes, arrived: Arrived) -> None:
    """Or when it has to read the body itself; a head without an end is none of its business."""
    assert ArrivingRequest().take(received) is arrived


@pytest.mark.parametrize(
    ("body", "arrived"),
    [
        (b"", Arrived.PART),
        (b"2", Arrived.PART),
        (b"2\r\n{", Arrived.PART),
        (b"2\r\n{}\r\n", Arrived.PART),
        (b"2\r\n{}\r\n0\r\n", Arrived.PART),
        (b"2\r\n{}\r\n0\r\n\r\n", Arrived.WHOLE),
        (b"1;a=b\r\n{\r\n1 \r\n}\r\n0\r\n\r\nPOST /", Arrived.WHOLE),
        (b"0\r\nTrailer: x\r\n", Arrived.PART),
        (b"0\r\nTrailer: x\r\n\r\n", Arrived.WHOLE),
        (b"0\r\nTrailer: " + b"x" * 300, Arrived.OPEN),
        (b"five\r\n", Arrived.WHOLE),
        (b"\r\n", Arrived.WHOLE),
        (b"2;" + b"x" * 300, Arrived.OPEN),
        (b"10001\r\n", Arrived.OPEN),
        (b"ffffffffff\r\n", Arrived.OPEN),
    ],
)
def test_a_body_in_chunks_is_collected_too(body: bytes, arrived: Arrived) -> None:
    """Unless it is large; what is no chunk is whole, since the parser refuses it unseen."""
    assert ArrivingRequest().take(CHUNKED + body) is arrived


@pytest.mark.parametrize(
    "request_bytes",
    [
        HEAD + b"Content-Length: 40\r\n\r\n" + b"{" * 40,
        CHUNKED + b"2;a=b\r\n{}\r\n10\r\n" + b"x" * 16 + b"\r\n0\r\nTrailer: x\r\n\r\n",
    ],
    ids=["length", "chunks"],
)
def test_it_does_not_matter_in_which_pieces_it_comes(request_bytes: bytes) -> None:
    """Only the last byte makes it whole, and none of them is lost."""
    for size in range(1, 60):
        arriving = ArrivingRequest()
        pieces = [
            request_bytes[start : start + size] for start in range(0, len(request_bytes), size)
        ]
        states = [arriving.take(piece) for piece in pieces]
        assert states == [Arrived.PART] * (len(pieces) - 1) + [Arrived.WHOLE]
        assert bytes(arriving.received) == request_bytes


def test_whoever_goes_away_in_the_middle_has_sent_what_there_is() -> None:
    """A thread then finds that it is too little, and keeps the request as refused."""
    arriving = ArrivingRequest()
    assert arriving.take(HEAD) is Arrived.PART
    assert arriving.take(b"") is Arrived.WHOLE


@pytest.mark.parametrize(
    ("head", "piece"), [(b"", b"x"), (CHUNKED, b"1\r\nx\r\n")], ids=["head", "chunks"]
)
def test_tiny_pieces_are_not_looked_at_again_and_again(head: bytes, piece: bytes) -> None:
    """The main loop does this, and everybody waits for it: 64 kB in pieces take milliseconds."""
    arriving = ArrivingRequest()
    arriving.take(head or b"x")
    began = time.process_time()
    states = (arriving.take(piece) for _ in itertools.count())
    assert next(state for state in states if state is not Arrived.PART)
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    ("method", "quick"),
    [*((method, True) for method in ("POST", "PUT", "PATCH", "DELETE")), ("GET", False)],
)
def test_what_sends_something_is_answered_soon(method: str, quick: bool) -> None:
    """Webhooks and presses, which no thread of its own is begun for."""
    request = ArrivingRequest()
    request.take(f"{method} /interactions/x HTTP/1.1\r\n".encode())
    assert request.is_quick is quick
