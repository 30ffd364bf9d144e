"""The WSGI application that stands before Flask: it takes the webhooks, and hands on all else.

Flask's dispatch and its objects for requests and responses cost more than all else that is done
with a webhook. Whoever calls the application comes through here, be it a server or a test client.

A webhook begins when the application is called, and is waited for when its answer is read, as PEP
3333 allows. A server that has several requests may call it for all of them before it reads the
first answer: then they go to Redis together. `begins_soon` says for which requests it may be called
where nothing slow may happen, as in a server's main loop. An answer that is waited for longer than
Redis is has a method `when_ready`: a server whose threads are for others, too, reads it when it is.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Protocol
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import structlog

from comethooks.webhooks.http_call import HttpCall
from comethooks.webhooks.metrics import Metrics
from comethooks.webhooks.problems import DETAILS, problem
from comethooks.webhooks.replies import Finish, HttpReply, problem_reply
from comethooks.workers import logs

log = structlog.get_logger()


class RouteView(Protocol):
    """What serves a route, for the `methods` that it names."""

    @property
    def methods(self) -> Sequence[str]:
        """In upper case."""

    def begin(self, call: HttpCall, environ: WSGIEnvironment) -> Finish:
        """Begin with a request; what comes back waits for it, and gives the answer."""

    def begins_soon(self, environ: WSGIEnvironment) -> bool:
        """Whether `begin` waits for nothing, and takes a millisecond at most."""


class LateAnswer:
    """An answer that is not there soon, though it may be read at any time: then it is waited
    for.
    """

    def __init__(
        self, parts: Iterator[bytes], when_ready: Callable[[Callable[[], None]], None]
    ) -> None:
        self._parts = parts
        self.when_ready = when_ready
        """Has what it is called with called once the answer waits for Redis alone, in any thread.
        """

    def __iter__(self) -> Iterator[bytes]:
        return self._parts


class WebhookRoutes:
    """Serves each path of `views` by its view, every path that begins with one of `below` by the
    view there, and everything else by `behind`.

    A view comes with its endpoint, the name of its route in the log. A slash at the end of a path
    makes no difference.
    """

    def __init__(
        self,
        views: Mapping[str, tuple[str, RouteView]],
        below: Mapping[str, tuple[str, RouteView]],
        behind: WSGIApplication,
        metrics: Metrics,
    ) -> None:
        self._views = {path + slash: found for path, found in views.items() for slash in ("", "/")}
        self._below = tuple(below.items())
        self._behind = behind
        self._metrics = metrics

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Begin with a webhook; its answer follows when it is read."""
        path = environ["PATH_INFO"]
        found = self._views.get(path) or next(
            (found for start, found in self._below if path.startswith(start)), None
        )
        if found is None:
            return self._behind(environ, start_response)
        call, (endpoint, view) = HttpCall.begin(), found
        if environ["REQUEST_METHOD"] not in view.methods:
            return _other_method(call, environ, view.methods, start_response)
        try:
            finish = view.begin(call, environ)
        except Exception as error:
            return _reply(endpoint, call, self._failed(call, error), start_response)
        parts = self._finish(endpoint, call, finish, start_response)
        when_ready = getattr(finish, "when_ready", None)
        return parts if when_ready is None else LateAnswer(parts, when_ready)

    def begins_soon(self, environ: WSGIEnvironment) -> bool:
        """Whether to be called for a POST waits for nothing, and takes a millisecond at most.

        Its answer has to be waited for all the same.
        """
        found = self._views.get(environ["PATH_INFO"])
        return found is not None and found[1].begins_soon(environ)

    def _finish(
        self, endpoint: str, call: HttpCall, finish: Finish, start_response: StartResponse
    ) -> Iterator[bytes]:
        try:
            reply = finish()
        except Exception as error:
            reply = self._failed(call, error)
        yield from _reply(endpoint, call, reply, start_response)

    def _failed(self, call: HttpCall, error: Exception) -> HttpReply:
        self._metrics.failure()
        log.error("request failed", id=call.id, **logs.failure(error))
        return problem_reply(problem(500, DETAILS[500], request_id=call.id), 500)


def _other_method(
    call: HttpCall,
    environ: WSGIEnvironment,
    allowed: Sequence[str],
    start_response: StartResponse,
) -> Iterable[bytes]:
    document = problem(405, DETAILS[405], request_id=call.id)
    reply = problem_reply(document, 405, {"Allow": ", ".join(allowed)})
    answer = _reply(None, call, reply, start_response)
    return () if environ["REQUEST_METHOD"] == "HEAD" else answer


def _reply(
    endpoint: str | None, call: HttpCall, reply: HttpReply, start_response: StartResponse
) -> Iterable[bytes]:
    start_response(reply.status_line, reply.header_list(call.id))
    logs.plain_info("request", call.line(endpoint, reply.status))
    return (reply.document,)
