"""How long a thread waits for the rest of a body."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from comethooks.webhooks.gunicorn import connection
from comethooks.webhooks.gunicorn.connection import BoundedUnreader


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Ours and the sender's."""
    ours, theirs = socket.socketpair()
    yield ours, theirs
    ours.close()
    theirs.close()


@pytest.fixture
def trickling(pair: tuple[socket.socket, socket.socket]) -> Iterator[socket.socket]:
    """Ours, when the sender sends a byte every few milliseconds."""
    ended = threading.Event()

    def trickle() -> None:
        while not ended.wait(0.01):
            pair[1].send(b"x")

    thread = threading.Thread(target=trickle)
    thread.start()
    yield pair[0]
    ended.set()
    thread.join()


def test_of_a_request_that_is_whole_nothing_is_waited_for(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    """Where its framing is read in another way than here, nobody waits for more of it."""
    with pytest.raises(BlockingIOError):
        BoundedUnreader(pair[0]).read(1)


def test_a_sender_that_falls_silent_is_given_up(
    pair: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "SILENCE_SECONDS", 0.05)
    unreader = BoundedUnreader(pair[0])
    unreader.expect()
    with pytest.raises(TimeoutError):
        unreader.read(1)


def test_a_byte_now_and_then_does_not_keep_a_thread(
    trickling: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is a limit for the whole of a body."""
    monkeypatch.setattr(connection, "ARRIVAL_SECONDS", 0.3)
    unreader = BoundedUnreader(trickling)
    unreader.expect()
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        unreader.read(100_000)
    assert 0.25 < time.monotonic() - began < 2


def test_whoever_sends_steadily_gets_more_time(
    trickling: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten bytes a second are asked for here, and a hundred come."""
    monkeypatch.setattr(connection, "ARRIVAL_SECONDS", 0.1)
    monkeypatch.setattr(connection, "SLOWEST_BYTES", 10)
    unreader = BoundedUnreader(trickling)
    unreader.expect()
    assert unreader.read(40) == b"x" * 40
