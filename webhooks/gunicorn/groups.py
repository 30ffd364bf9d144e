"""Requests that are there at the same time, served by one thread.

gunicorn wakes a thread for every request. Under load that costs more than to serve it: the threads
of a process take turns at the interpreter, and each hands over several times. Here a thread gets
all requests that have arrived while others were served. The application is called for each of them
before the first answer is read, so that what it begins then (see `comethooks.webhooks.wsgi`) goes
to Redis in one batch.

Where the application says that it begins soon, the main loop calls it, as soon as the request is
there, and a thread only waits for Redis and makes the answers. The main loop also sends the answers
to plain requests: a thread that sends lets another one have the interpreter, and waits for it.

An answer may be waited for much longer than Redis is: a decision on a message in flight takes what
plugins take. Such an answer says so, by a method `when_ready` (see `comethooks.webhooks.wsgi`). No
thread has the request meanwhile; it joins a group when it is told that its answer is ready.

Whatever else gunicorn does with a request it does as always, one after the other.
"""

import socket
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from wsgiref.types import WSGIEnvironment

from gunicorn.http import wsgi  # type: ignore[import-untyped]
from gunicorn.workers.gthread import TConn  # type: ignore[import-untyped]

from comethooks.webhooks.gunicorn.plain import PlainRequest, PlainResponse, shared_environ
from comethooks.webhooks.gunicorn.sharing import SharingWorker
from comethooks.workers import logs

MOST_GROUPS = 2
"""How many groups of a kind are served at once: one is at work while another one waits for
Redis.
"""
MOST_REQUESTS = 32
"""In one group; the last of them is answered when all before it are."""


class Outgoing:
    """Takes the place of a socket, so that an answer goes out at once and not in pieces: its reader
    need not wake for each.
    """

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def sendall(self, data: bytes) -> None:
        """Keep what gunicorn sends."""
        self._parts.append(data)

    def take(self) -> bytes:
        """All of it."""
        return b"".join(self._parts)


@dataclass(slots=True)
class BegunCall:
    """A call of the application whose answer is not read yet, or what it raised."""

    response: Any
    outgoing: Outgoing
    answer: Iterable[bytes] | Exception
    is_read: bool = False
    """Whether all of the answer is in `outgoing`."""


class Served:
    """How a request of a group ended, as gunicorn reads it of a future. Its answer is still to be
    sent, if there is one.
    """

    def __init__(
        self, keeps: Any, error: BaseException | None = None, *, answer: bytes = b""
    ) -> None:
        self._keeps = keeps
        self._error = error
        self.answer = answer

    def cancelled(self) -> bool:
        """Never."""
        return False

    def exception(self) -> BaseException | None:
        """What was raised."""
        return self._error

    def result(self) -> Any:
        """Whether the connection can be kept."""
        return self._keeps


Arrival = tuple[TConn, Any]
"""A request that has arrived: a plain one, or gunicorn's; None as long as nobody has read it."""


class Waiting:
    """Requests of one kind that wait for a thread. None of another kind holds them up."""

    def __init__(self) -> None:
        self._arrivals: list[Arrival] = []
        self._groups = 0

    def add(self, arrival: Arrival) -> None:
        """Let a request wait."""
        self._arrivals.append(arrival)

    def groups(self) -> Iterator[list[Arrival]]:
        """Groups of those that wait, as far as there may be more of them; each ends some time."""
        while self._arrivals and self._groups < MOST_GROUPS:
            group = self._arrivals[:MOST_REQUESTS]
            del self._arrivals[:MOST_REQUESTS]
            self._groups += 1
            yield group

    def end_group(self) -> None:
        """One of the groups is served."""
        self._groups -= 1


class GroupingWorker(SharingWorker):
    """Gives a thread all requests that have come while others were served."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._ready, self._raw = Waiting(), Waiting()
        self._begun: dict[int, BegunCall] = {}
        self._shared_environ = shared_environ(self.cfg)
        self._keepalive = self.cfg.keepalive  # gunicorn looks a setting up anew each time

    def serve_soon(self, conn: TConn) -> None:
        """Serve a request that has arrived as a whole, with others if there are any."""
        around = self._around(conn)
        request = None if around is None else conn.parser.parse_plain(around)
        if request is not None and self._begins_soon(request.environ):
            self._begin(conn, request)
            if not self._waits(conn, request):
                self._ready.add((conn, request))
        else:
            self._raw.add((conn, request))

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Wait for events, and then let a thread have the requests that they brought."""
        super().wait_for_and_dispatch_events(timeout)
        self.serve_whole()

    def serve_whole(self) -> None:
        """Let threads have what waits, as far as there may be more groups."""
        for waiting in (self._ready, self._raw):
            for group in waiting.groups():
                self.tpool.submit(self._serve, waiting, group)

    def handle_request(self, req: Any, conn: TConn) -> bool:
        """Answer a request; returns whether another one may come. gunicorn calls this in a
        thread.
        """
        begun = self._begun.pop(id(req), None)
        if begun is None:
            return bool(super().handle_request(req, conn))
        self._read(begun)
        conn.sock.sendall(begun.outgoing.take())
        return not begun.response.should_close()

    def _serve(self, waiting: Waiting, group: list[Arrival]) -> None:
        """Runs in a thread."""
        ended: list[tuple[TConn, Served]] = []
        try:
            if waiting is self._raw:
                group = self._begin_all(group)
            with logs.together():
                for _, request in group:
                    self._answer(request)
            ended += [(conn, self._served(conn, request)) for conn, request in group]
        finally:
            left = [(conn, Served(keeps=False)) for conn, _ in group[len(ended) :]]
            self.method_queue.defer(self._finish, waiting, [*ended, *left])

    def _begin_all(self, group: list[Arrival]) -> list[Arrival]:
        """Call the application for all of a group; those are left whose answer is ready soon."""
        begun = [(conn, self._begin(conn, request)) for conn, request in group]
        return [(conn, request) for conn, request in begun if not self._waits(conn, request)]

    def _waits(self, conn: TConn, request: Any) -> bool:
        """Whether a request that has begun is to wait until its answer is ready. Then it joins the
        others that are.
        """
        begun = self._begun.get(id(request))
        when_ready: Callable[[Callable[[], None]], None] | None = getattr(
            begun and begun.answer, "when_ready", None
        )
        if when_ready is None:
            return False
        arrival = (conn, request)
        when_ready(lambda: self.method_queue.defer(self._ready.add, arrival))
        return True

    def _answer(self, request: Any) -> None:
        """Read the answer to a plain request. What goes wrong is raised where gunicorn answers
        it.
        """
        if isinstance(request, PlainRequest):
            begun = self._begun[id(request)]
            try:
                self._read(begun)
            except Exception as error:
                begun.answer = error

    def _read(self, begun: BegunCall) -> None:
        if isinstance(begun.answer, Exception):
            raise begun.answer
        if begun.is_read:
            return
        response = begun.response
        self.nr += 1
        if self.nr >= self.max_requests:
            self.alive = False  # gunicorn starts another process
        if not (self.alive and self._keepalive):
            response.force_close()
        try:
            for part in begun.answer:
                response.write(part)
            response.close()
        finally:
            if close := getattr(begun.answer, "close", None):
                close()
        begun.is_read = True

    def _begin(self, conn: TConn, plain: PlainRequest | None) -> Any:
        """Call the application for the next request, which is a plain one or not; None when
        gunicorn has to refuse it.
        """
        request, outgoing = plain or conn.parser.parse_ahead(), Outgoing()
        if request is None:
            return None
        answer: Iterable[bytes] | Exception
        response = None
        try:
            if isinstance(request, PlainRequest):
                response, environ = PlainResponse(outgoing.sendall), request.environ
            else:
                response, environ = wsgi.create(
                    request, outgoing, conn.client, conn.server, self.cfg
                )
                environ["wsgi.multithread"] = True
            answer = self.wsgi(environ, response.start_response)
        except Exception as error:  # raised where gunicorn can answer it
            answer = error
        self._begun[id(request)] = BegunCall(response, outgoing, answer)
        return request

    def _begins_soon(self, environ: WSGIEnvironment) -> bool:
        """Whether the application says so; another one than ours says nothing."""
        ask: Callable[[WSGIEnvironment], bool] | None = getattr(self.wsgi, "begins_soon", None)
        return ask is not None and ask(environ)

    def _around(self, conn: TConn) -> WSGIEnvironment | None:
        shared = self._shared_environ
        if shared is None or conn.addresses is None:
            return None
        return {**shared, **conn.addresses}

    def _served(self, conn: TConn, request: Any) -> Served:
        begun = self._begun.get(id(request))
        try:
            if begun and begun.is_read:
                next(conn.parser)  # this one; gunicorn need not ask for it
                keeps = not begun.response.should_close()
                return Served(keeps, answer=begun.outgoing.take())
            return Served(self.handle(conn))
        except Exception as error:
            return Served(keeps=False, error=error)
        finally:
            self._begun.pop(id(request), None)

    def _finish(self, waiting: Waiting, ended: list[tuple[TConn, Served]]) -> None:
        """Runs in the main loop."""
        waiting.end_group()
        for conn, served in ended:
            # Not by the thread: the next request would be here before the poller may look at it.
            is_sent = not served.answer or _takes(conn, served.answer)
            self.finish_request(conn, served if is_sent else Served(keeps=False))


def _takes(conn: TConn, answer: bytes) -> bool:
    """Whether the peer, or the buffer for it, takes all of an answer at once."""
    try:
        return bool(conn.sock.send(answer, socket.MSG_DONTWAIT) == len(answer))
    except OSError:
        return False
