"""gunicorn's threaded worker, made to wait for nobody but Redis.

As it comes (27.0), a thread belongs to a connection from the moment it is accepted. So a few
senders that fall silent in the middle of a request take all threads. And its main loop lingers over
every connection that it closes until the peer has closed too, up to two seconds each, and accepts
nothing meanwhile. Here the main loop collects requests as they arrive, hands each to a thread when
it is complete, and does not linger.

This uses methods of gunicorn that are not public. So its version is pinned to 27.x, and
`tests/webhooks/gunicorn/test_gunicorn.py` shows with real connections that it still does what it
says.
"""

import re
import selectors
import socket
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker  # type: ignore[import-untyped]

from comethooks.webhooks.problems import PROBLEM_TYPE, problem
from comethooks.workers.ids import new_id

COLLECTED_BYTES = 64 * 1024
"""How many bytes of a request are collected; of a larger one a thread reads the rest."""
ARRIVAL_SECONDS = 10.0
"""How long that may take, from the first byte or, on a new connection, from its start."""
DRAIN_SECONDS = 0.2
"""How long a thread waits, in seconds, for the rest of a body that was refused unread, so that the
connection can be kept.
"""
LINGER_SECONDS = 2.0
"""How long a peer has, in seconds, to close its side. Closing ours at once could destroy the answer
that is on its way.
"""

_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,7})[ \t]*\r\n")


def is_complete(received: bytes | bytearray) -> bool:
    """Whether a thread can begin with what was received of a request, without waiting for the
    sender.

    It can when nothing is missing, when the request is too large to be collected, when its head
    does not say where it ends, and when the sender waits to be told to go on.
    """
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return len(received) > COLLECTED_BYTES
    head = bytes(received[: end + 2]).lower()
    length = _LENGTH.search(head)
    if length is None or b"\r\nexpect:" in head:
        return True
    size = int(length[1])
    return size > COLLECTED_BYTES or len(received) >= end + 4 + size


class ArrivingConnection(TConn):  # type: ignore[misc]
    """A connection, with what has arrived of its next request."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.received = bytearray()

    def arrived(self) -> bool:
        """Take what has arrived; returns whether the request is complete or nothing will come."""
        try:
            data = self.sock.recv(COLLECTED_BYTES)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        self.received += data
        return not data or is_complete(self.received)

    def hand_over(self) -> None:
        """Give what has arrived to gunicorn's parser."""
        self.init()
        self.parser.unreader.unread(bytes(self.received))
        self.received.clear()


class _Said:
    """Stands in for a socket, to learn with which status gunicorn would answer."""

    status = 400

    def sendall(self, data: bytes) -> None:
        self.status = int(data.split(b" ", 2)[1])

    def gettimeout(self) -> float:
        return 0.0


class Worker(ThreadWorker):  # type: ignore[misc]
    """Waits for requests to arrive and for peers to close in its poller."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._lingering: deque[ArrivingConnection] = deque()

    def accept(self, listener: socket.socket) -> None:
        """Take a new connection."""
        try:
            client, address = listener.accept()
        except OSError:  # taken by another process, or gone again
            return
        self.nr_conns += 1
        self._collect(ArrivingConnection(self.cfg, client, address, listener.getsockname()))

    def on_client_socket_readable(self, conn: ArrivingConnection, client: socket.socket) -> None:
        """A kept connection has something to say, or is closed."""
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self._collect(conn)

    def on_pending_socket_readable(self, conn: ArrivingConnection, client: socket.socket) -> None:
        """More of a request has arrived."""
        if conn.arrived():
            self.poller.unregister(client)
            self.pending_conns.remove(conn)
            self._begin(conn)

    def finish_request(self, conn: ArrivingConnection, future: "Future[Any]") -> None:
        """After a request, keep the connection, or end our side and let the peer end its own."""
        if future.cancelled() or future.exception() is not None or future.result() is not False:
            super().finish_request(conn, future)
            return
        try:
            conn.sock.shutdown(socket.SHUT_WR)
            conn.sock.setblocking(False)
        except (OSError, ValueError):  # the peer is gone already
            self._close(conn)
        else:
            self._wait(conn, self._lingering, LINGER_SECONDS, self._discard)

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: BaseException) -> None:
        """Answer what gunicorn refuses as the application would: with a problem and an id."""
        said = _Said()
        super().handle_error(req, said, addr, exc)
        document = problem(
            said.status, "The request cannot be read as HTTP.", request_id=(made := new_id())
        )
        head = (
            f"HTTP/1.1 {said.status} {HTTPStatus(said.status).phrase}\r\nConnection:"
            f" close\r\nX-Request-Id: {made}\r\nContent-Type: {PROBLEM_TYPE}\r\nContent-Length:"
            f" {len(document)}\r\n\r\n"
        )
        with suppress(OSError):
            client.sendall(head.encode() + document)

    def murder_pending(self) -> None:
        """Close those whose time is over. gunicorn calls this in every round of its main loop."""
        now = time.monotonic()
        for waiting in (self.pending_conns, self._lingering):
            while waiting and waiting[0].timeout <= now:
                conn = waiting.popleft()
                self.poller.unregister(conn.sock)
                self._close(conn)

    def _cap_keepalive(self, deadline: float) -> None:
        """Prepare the end: nobody new comes in, and nobody is waited for for long. gunicorn calls
        this when the process is asked to stop.
        """
        for listener in self.sockets:
            # Who has connected is answered; who comes later is refused, and not left to wait for
            # our end.
            known = -1
            while known != self.nr_conns:
                known = self.nr_conns
                self.accept(listener)
            listener.close()
        super()._cap_keepalive(deadline)
        for conn in self.pending_conns:
            conn.timeout = min(conn.timeout, deadline)

    def _keepalive_after(self, conn: ArrivingConnection, keepalive: bool) -> bool:
        """Whether the connection can be used again. The thread calls this after a request."""
        return keepalive and bool(
            conn.parser.finish_body(deadline=time.monotonic() + DRAIN_SECONDS)
        )

    def _collect(self, conn: ArrivingConnection) -> None:
        if conn.arrived():
            self._begin(conn)
        else:
            self._wait(conn, self.pending_conns, ARRIVAL_SECONDS, self.on_pending_socket_readable)

    def _begin(self, conn: ArrivingConnection) -> None:
        if conn.received:
            conn.hand_over()
            self.enqueue_req(conn)
        else:
            self._close(conn)

    def _discard(self, conn: ArrivingConnection, client: socket.socket) -> None:
        try:
            if client.recv(COLLECTED_BYTES):
                return
        except BlockingIOError:
            return
        except OSError:
            pass
        self.poller.unregister(client)
        self._lingering.remove(conn)
        self._close(conn)

    def _wait(
        self,
        conn: ArrivingConnection,
        queue: deque[ArrivingConnection],
        seconds: float,
        callback: Callable[[ArrivingConnection, socket.socket], None],
    ) -> None:
        conn.timeout = time.monotonic() + seconds
        queue.append(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(callback, conn))

    def _close(self, conn: ArrivingConnection) -> None:
        self.nr_conns -= 1
        conn.close()
