"""A connection of gunicorn's, and how long a thread may wait for the rest of a request on it."""

import socket
import struct
import time
from typing import Any

from gunicorn.http.unreader import SocketUnreader  # type: ignore[import-untyped]
from gunicorn.workers.gthread import TConn  # type: ignore[import-untyped]

from comethooks.webhooks.gunicorn.ahead import AheadParser
from comethooks.webhooks.gunicorn.arriving import COLLECTED_BYTES, Arrived, ArrivingRequest
from comethooks.webhooks.gunicorn.plain import addresses

ARRIVAL_SECONDS = 10.0
"""How long a request may take to arrive, from its first byte or, on a new connection, from the
connection's start.
"""
SLOWEST_BYTES = 64 * 1024
"""How many bytes a second a body has to come in when that is not enough for it."""
SILENCE_SECONDS = 5.0
"""How long a sender may say nothing in the middle of a body that a thread reads."""

ANSWER_SECONDS = 1
"""How long a peer may take nothing of an answer, when the socket has no room for all of it."""


def limit_sending(sock: socket.socket, *, patient: bool) -> None:
    """Limit how long a thread waits for a peer that does not read: `ANSWER_SECONDS`, or hardly."""
    limit = struct.pack("@ll", ANSWER_SECONDS if patient else 0, 0 if patient else 1000)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)


class BoundedUnreader(SocketUnreader):  # type: ignore[misc]
    """Reads from the socket what was not collected; raises an `OSError` when that takes too long.

    gunicorn itself would wait for ever, and a byte now and then would keep a thread for ever.
    """

    waits = False
    """Whether to wait for the sender at all."""
    _began = 0.0
    _read = 0

    def expect(self) -> None:
        """Wait for a body that is on its way, from now on."""
        self.waits, self._began, self._read = True, time.monotonic(), 0

    def chunk(self, size_hint: int | None = None) -> bytes:
        """What arrives next; empty when the sender has ended its side."""
        self.sock.settimeout(self._patience() if self.waits else 0)
        data: bytes = super().chunk(size_hint)
        self._read += len(data)
        return data

    def _patience(self) -> float:
        passed = time.monotonic() - self._began
        left = ARRIVAL_SECONDS + self._read / SLOWEST_BYTES - passed
        if left <= 0:
            raise TimeoutError
        return min(left, SILENCE_SECONDS)


class ClientConnection(TConn):  # type: ignore[misc]
    """A connection, with what has arrived of its next request."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.request = ArrivingRequest()
        self.addresses = addresses(self.client, self.server)
        self._patient = False
        self.is_open = False
        """Whether the request that a thread has is one whose body it has to read."""
        self.is_watched = False
        """Whether the poller looks at it as at one that is kept."""
        self.is_served = False
        """Whether it does so although a thread has its request."""

    def arrived(self) -> Arrived:
        """Take what has arrived, without waiting."""
        try:
            data = self.sock.recv(COLLECTED_BYTES)
        except BlockingIOError:
            return Arrived.PART
        except OSError:
            data = b""
        return self.request.take(data)

    def take_more(self) -> Arrived | None:
        """Take what has arrived behind the last request; None when nothing has."""
        more = self.parser.unreader.take_buffered()
        if not more:
            return None
        self.sock.setblocking(False)
        return self.request.take(more)

    def hand_over(self, *, is_open: bool = False) -> None:
        """Give what has arrived to gunicorn's parser."""
        if not self.initialized:
            self.parser = AheadParser(self.cfg, self.sock, self.client)
            self.parser.unreader = BoundedUnreader(self.sock)
            self.init()
        if self._patient is self.request.is_quick:
            # The answer to a webhook is small, and others may stand behind it.
            self._patient = not self.request.is_quick
            limit_sending(self.sock, patient=self._patient)
        self.parser.handed = bytes(self.request.received)
        self.request = ArrivingRequest()
        self.is_open = is_open
        if is_open:
            self.parser.unreader.expect()

    def finish_body(self) -> bool:
        """Take what is here of a body that the application did not read.

        Returns whether that is all of it, so that another request can come. Nobody waits for the
        rest, since it may never come.
        """
        self.parser.unreader.waits = False
        try:
            return bool(self.parser.finish_body(max_bytes=COLLECTED_BYTES))
        except Exception:  # it is not here, or framed wrongly
            return False
