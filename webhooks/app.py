"""The Flask application: its routes, its errors, and one line in the log for each call."""

import os
from collections.abc import Callable, Sequence
from types import TracebackType

import structlog
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix

from comethooks.schemas import COMETCHAT
from comethooks.webhooks import health, problems
from comethooks.webhooks.cometchat import CometChat
from comethooks.webhooks.http_call import current
from comethooks.webhooks.journal_probe import JournalProbe
from comethooks.webhooks.metrics import CONTENT_TYPE, MULTIPROCESS_DIRECTORY, Metrics
from comethooks.webhooks.replies import json_reply, problem_reply
from comethooks.webhooks.sources import Source, by_name
from comethooks.webhooks.status_access import unless_stranger
from comethooks.webhooks.view import ReceivingView
from comethooks.workers import logs
from comethooks.workers.settings.settings import Settings
from comethooks.workers.streams.accept import Streams
from comethooks.workers.texts import dumps

QUIET = frozenset({"healthz", "readyz", "metrics"})
"""Endpoints that are asked every few seconds: logged for debugging only."""

DETAILS = {
    404: "There is nothing here; webhooks go to POST /webhooks.",
    405: "This method is not allowed here; the header Allow names those that are.",
    500: "Something unexpected happened here; the log names the place under this request id.",
}

log = structlog.get_logger()


class NoCredentialsError(RuntimeError):
    """There are no credentials for senders, so nobody could be told from anybody."""

    def __init__(self) -> None:
        super().__init__(
            "no credentials: whoever finds the URL could send events. Set "
            "COMETHOOKS_BASIC_AUTH=user:password (letters and digits) and enter the same in "
            "CometChat's Dashboard under Settings → Webhooks, "
            "or run `comethooks up`, which makes its own."
        )


class Application(Flask):
    """Flask, without tracebacks in the log: their last line may quote a body."""

    def log_exception(
        self, exc_info: tuple[type, BaseException, TracebackType] | tuple[None, None, None]
    ) -> None:
        """Log the type and place of an exception."""
        if exc_info[1] is not None:
            log.error("request failed", id=current().id, **logs.failure(exc_info[1]))


def require_credentials(settings: Settings) -> None:
    """Raise `NoCredentialsError` when there are none."""
    if not settings.basic_auth:
        raise NoCredentialsError


def create_app(settings: Settings | None = None, others: Sequence[Source] = ()) -> Flask:
    """The application for these settings, by default those of the environment.

    CometChat's webhooks come to `/webhooks`; those of every source, by its name, to
    `/webhooks/<name>`.

    Opens no connection: Redis is connected to when it is first needed, so after gunicorn has
    forked. Raises `SettingsError` and `NoCredentialsError`.
    """
    if settings is None:
        settings = Settings.load()
        logs.configure(settings.log_format)
    require_credentials(settings)
    streams, metrics = Streams.open(settings), Metrics()
    app = Application("comethooks", static_folder=None)
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    for name, source in by_name((CometChat(settings), *others)).items():
        view, endpoint = ReceivingView(source, settings, streams, metrics), f"webhooks:{name}"
        if name == COMETCHAT:
            endpoint = "webhooks"
            app.add_url_rule("/webhooks", endpoint, view, methods=["POST"])
        app.add_url_rule(f"/webhooks/{name}", endpoint, view, methods=["POST"])
    _add_health(app, settings, streams, metrics)
    app.register_error_handler(Exception, _failed(metrics))
    app.before_request(_begin)
    app.after_request(_end)
    if settings.trusted_proxies:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=settings.trusted_proxies, x_proto=0, x_host=0, x_port=0, x_prefix=0
        )
    return app


def _begin() -> None:
    current()


def _end(response: Response) -> Response:
    call = current()
    response.headers["X-Request-Id"] = call.id
    write = log.debug if request.endpoint in QUIET else log.info
    write("request", **call.line(request.endpoint, response.status_code))
    return response


def _failed(metrics: Metrics) -> Callable[[Exception], Response]:
    def answer(error: Exception) -> Response:
        headers = {}
        status = 500
        if isinstance(error, HTTPException) and error.code is not None:
            if error.response is not None or error.code < 400:
                passed = error.get_response(request.environ)
                return Response(passed.get_data(), passed.status_code, passed.headers)
            status = error.code
            headers = {name: value for name, value in error.get_headers() if name != "Content-Type"}
        else:
            metrics.failure()
            log.error("request failed", id=current().id, **logs.failure(error))
        detail = DETAILS.get(status) or getattr(error, "description", None) or ""
        return problem_reply(
            problems.problem(status, detail, request_id=current().id), status, headers
        )

    return answer


def _add_health(app: Flask, settings: Settings, streams: Streams, metrics: Metrics) -> None:
    journal = JournalProbe(settings.database_url)

    def healthz() -> Response:
        return json_reply(b'{"alive":true}')

    def readyz() -> Response:
        found = health.check(streams.client, settings, journal.error)
        return json_reply(dumps(found.document()), 200 if found.ready else 503)

    def metrics_text() -> Response:
        state = health.seen(streams.client, settings.partitions)
        text = metrics.text(
            state,
            max_backlog_bytes=settings.max_backlog_bytes,
            multiprocess=MULTIPROCESS_DIRECTORY in os.environ,
        )
        return Response(text, content_type=CONTENT_TYPE)

    app.add_url_rule("/healthz", "healthz", healthz)
    app.add_url_rule("/readyz", "readyz", unless_stranger(readyz, settings))
    app.add_url_rule("/metrics", "metrics", unless_stranger(metrics_text, settings))
