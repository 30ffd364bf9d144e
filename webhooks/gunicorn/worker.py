"""gunicorn's threaded worker, made to wait for nobody but Redis.

As it comes (27.0), a thread belongs to a connection from the moment it is accepted. So a few
senders that fall silent in the middle of a request take all threads. Its main loop lingers over
every connection that it closes until the peer has closed too, up to two seconds each, and accepts
nothing meanwhile. And it accepts nothing while a thousand connections are idle. Here the main loop
collects requests as they arrive, hands each to a thread when it is complete, does not linger, and
closes those that have been idle for longest.

This uses methods of gunicorn that are not public. So its version is pinned to 27.x, and
`tests/webhooks/gunicorn/test_gunicorn.py` shows with real connections that it still does what it
says.
"""

import errno
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

from gunicorn.http.errors import LimitRequestHeaders  # type: ignore[import-untyped]

from comethooks.webhooks.gunicorn.arriving import COLLECTED_BYTES, Arrived
from comethooks.webhooks.gunicorn.connection import ARRIVAL_SECONDS, ClientConnection
from comethooks.webhooks.gunicorn.groups import GroupingWorker, Served
from comethooks.webhooks.problems import PROBLEM_TYPE, problem
from comethooks.workers.ids import new_id
from comethooks.workers.texts import number_of

LINGER_SECONDS = 2.0
"""How long a peer has, in seconds, to close its side. Closing ours at once could destroy the answer
that is on its way.
"""
SAY_SECONDS = 10.0
"""How often, at most, the log says that connections were closed to make room."""


class _Said:
    """Stands in for a socket, to learn with which status gunicorn would answer."""

    status = 400

    def sendall(self, data: bytes) -> None:
        self.status = int(data.split(b" ", 2)[1])

    def gettimeout(self) -> float:
        return 0.0


class Worker(GroupingWorker):
    """Waits for requests to arrive and for peers to close in its poller."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.max_keepalived = self.worker_connections  # see `_make_room`
        self._lingering: deque[ClientConnection] = deque()
        self._open: deque[ClientConnection] = deque()
        self._free_readers = max(1, self.cfg.threads // 2)
        self._is_out_of_files = False
        self._closed = 0
        self._say_at = 0.0

    def take(self, listener: socket.socket) -> None:
        """Take a new connection."""
        try:
            client, address = listener.accept()
        except OSError as error:  # taken by another process, or gone again
            # Not now: the poller may be about to tell of the one that would be closed.
            self._is_out_of_files = error.errno in {errno.EMFILE, errno.ENFILE}
            return
        self.nr_conns += 1
        conn = ClientConnection(self.cfg, client, address, listener.getsockname())
        self._collect(conn, conn.arrived())

    def on_client_socket_readable(self, conn: ClientConnection, client: socket.socket) -> None:
        """A kept connection has something to say, or is closed."""
        if conn.is_served:  # it has not waited for its answer
            self._unwatch(conn)
            return
        self.keepalived_conns.remove(conn)
        arrived = conn.arrived()
        conn.is_served = arrived is Arrived.WHOLE and conn.request.is_quick
        if not conn.is_served:
            self._unwatch(conn)
        self._collect(conn, arrived)

    def on_pending_socket_readable(self, conn: ClientConnection, client: socket.socket) -> None:
        """More of a request has arrived."""
        arrived = conn.arrived()
        if arrived is not Arrived.PART:
            self.poller.unregister(client)
            self.pending_conns.remove(conn)
            self._collect(conn, arrived)

    def finish_request(self, conn: ClientConnection, future: "Future[Any] | Served") -> None:
        """After a request, keep the connection, or end our side and let the peer end its own."""
        if conn.is_open:
            self._free_readers += 1
            if self._open:
                self._begin_open(self._open.popleft())
        conn.is_served = False
        if future.cancelled() or future.exception() is not None or not future.result():
            self._unwatch(conn)
            self._linger(conn)
        elif (arrived := conn.take_more()) is not None:
            self._unwatch(conn)
            self._collect(conn, arrived)
        else:
            self._keep(conn, future)

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
        """Close those whose time is over, and make room for others. gunicorn calls this in every
        round of its main loop.
        """
        now = time.monotonic()
        for waiting in (self.pending_conns, self._lingering):
            while waiting and waiting[0].timeout <= now:
                self._close_first(waiting)
        while self.nr_conns >= self.worker_connections and self._make_room():
            pass
        if self._is_out_of_files:
            self._is_out_of_files = False
            self._make_room()
        if self._closed and now >= self._say_at:
            closed = number_of(self._closed, "idle connection")
            self.log.warning("closed %s to make room for others", closed)
            self._closed, self._say_at = 0, now + SAY_SECONDS

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
                self.take(listener)
            listener.close()
        self.serve_whole()
        super()._cap_keepalive(deadline)
        for conn in self.pending_conns:
            conn.timeout = min(conn.timeout, deadline)

    def _keepalive_after(self, conn: ClientConnection, keepalive: bool) -> bool:
        """Whether the connection can be used again. The thread calls this after a request."""
        return keepalive and conn.finish_body()

    def _collect(self, conn: ClientConnection, arrived: Arrived) -> None:
        """Do with a connection that nothing waits for what has arrived on it allows."""
        match arrived:
            case Arrived.WHOLE:
                # A webhook is answered soon; of others nobody knows.
                serve = self.serve_soon if conn.request.is_quick else self.enqueue_req
                conn.hand_over()
                serve(conn)
            case Arrived.PART:
                self._wait(
                    conn, self.pending_conns, ARRIVAL_SECONDS, self.on_pending_socket_readable
                )
            case Arrived.OPEN if self._free_readers:
                self._begin_open(conn)
            case Arrived.OPEN:
                self._open.append(conn)
            case Arrived.ENDLESS:
                self._refuse(conn)
            case Arrived.NOTHING:
                self._close(conn)

    def _keep(self, conn: ClientConnection, future: "Future[Any] | Served") -> None:
        """Wait for the next request. Most senders wait for their answer: the poller need not cease
        to look at them meanwhile.
        """
        if conn.is_watched and self.alive and conn.sock.gettimeout() == 0:
            conn.timeout = time.monotonic() + self._keepalive
            self.keepalived_conns.append(conn)
        else:
            self._unwatch(conn)
            super().finish_request(conn, future)
            conn.is_watched = True

    def _unwatch(self, conn: ClientConnection) -> None:
        if conn.is_watched:
            self.poller.unregister(conn.sock)
            conn.is_watched = False

    def _begin_open(self, conn: ClientConnection) -> None:
        """Let a thread read a body that is not here. Half of the threads never do that, so that
        what is here need not wait for senders that are slow.
        """
        self._free_readers -= 1
        conn.hand_over(is_open=True)
        self.enqueue_req(conn)

    def _refuse(self, conn: ClientConnection) -> None:
        try:
            raise LimitRequestHeaders("the head has no end")
        except LimitRequestHeaders as error:
            self.handle_error(None, conn.sock, conn.client, error)
        self._linger(conn)

    def _linger(self, conn: ClientConnection) -> None:
        try:
            conn.sock.shutdown(socket.SHUT_WR)
            conn.sock.setblocking(False)
        except (OSError, ValueError):  # the peer is gone already
            self._close(conn)
        else:
            self._wait(conn, self._lingering, LINGER_SECONDS, self._discard)

    def _discard(self, conn: ClientConnection, client: socket.socket) -> None:
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
        conn: ClientConnection,
        queue: deque[ClientConnection],
        seconds: float,
        callback: Callable[[ClientConnection, socket.socket], None],
    ) -> None:
        conn.timeout = time.monotonic() + seconds
        queue.append(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(callback, conn))

    def _make_room(self) -> bool:
        """Close a connection: one that has its answer, else the one that has waited for longest."""
        longest = {
            waiting[0].timeout - seconds: waiting
            for waiting, seconds in (
                (self.keepalived_conns, self.cfg.keepalive),
                (self.pending_conns, ARRIVAL_SECONDS),
            )
            if waiting
        }
        if not self._lingering and not longest:
            return False
        self._close_first(self._lingering or longest[min(longest)])
        self._closed += 1
        return True

    def _close_first(self, waiting: deque[ClientConnection]) -> None:
        conn = waiting.popleft()
        self.poller.unregister(conn.sock)
        self._close(conn)

    def _close(self, conn: ClientConnection) -> None:
        self.nr_conns -= 1
        conn.close()
