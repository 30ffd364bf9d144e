"""The application: Flask for health and errors, and before it the routes of the webhooks."""

import os
from collections.abc import Callable, Sequence
from types import TracebackType
from wsgiref.types import WSGIEnvironment

import structlog
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix

from comethooks.schemas import COMETCHAT
from comethooks.webhooks import health, problems
from comethooks.webhooks.cometchat import CometChat
from comethooks.webhooks.counters import MULTIPROCESS_DIRECTORY
from comethooks.webhooks.decisions.deciding import Deciding
from comethooks.webhooks.decisions.web_deciders import WebDeciders
from comethooks.webhooks.decisions.web_plugins import WebPlugins
from comethooks.webhooks.elsewhere import Elsewhere
from comethooks.webhooks.http_call import current
from comethooks.webhooks.interactions.presses import InteractionView
from comethooks.webhooks.journal_probe import JournalProbe
from comethooks.webhooks.keeping import Keeping, Road
from comethooks.webhooks.metrics import CONTENT_TYPE, Metrics
from comethooks.webhooks.moderation.moderation_view import PATH as MODERATION
from comethooks.webhooks.moderation.moderation_view import ModerationView
from comethooks.webhooks.replies import HttpReply, problem_reply
from comethooks.webhooks.sources import Source, by_name
from comethooks.webhooks.spooling.emptying_thread import EmptyingThread
from comethooks.webhooks.spooling.spool_road import Spooling
from comethooks.webhooks.spooling.spool_seen import SpoolGauges, with_spool
from comethooks.webhooks.status_access import unless_stranger
from comethooks.webhooks.view import ReceivingView
from comethooks.webhooks.wsgi import RouteView, WebhookRoutes
from comethooks.workers import logs
from comethooks.workers.presses.tokens import PATH
from comethooks.workers.processes import name_host
from comethooks.workers.settings.credentials import require_credentials
from comethooks.workers.settings.settings import Settings
from comethooks.workers.spool.glance import SpoolGlance
from comethooks.workers.spool.places import open_spool
from comethooks.workers.streams import keys
from comethooks.workers.streams.accept import Streams
from comethooks.workers.texts import dumps

QUIET = frozenset({"healthz", "readyz", "metrics"})
"""Endpoints that are asked every few seconds: logged for debugging only."""

log = structlog.get_logger()


class Application(Flask):
    """Flask behind `routes`, and without tracebacks in the log: their last line may quote a
    body.
    """

    routes: WebhookRoutes
    plugins: WebPlugins
    deciding: Deciding
    emptying: EmptyingThread | None = None
    """Empties the spool; None where there is none."""

    def load_plugins(self, end: Callable[[], object]) -> None:
        """Begin to load the plugins, in the process that serves this and has nothing else to do:
        what plugins must not see leaves its environment. `end` is called when one takes so long to
        load that another process has to do without it.

        Without this they are loaded when they are first needed.
        """
        deciders = self.deciding.deciders

        def give_up() -> None:
            deciders.give_up()
            end()

        self.plugins.have_process(give_up)
        deciders.begin_loading()

    def begin_emptying(self) -> None:
        """Begin to look after the spool, in the process that serves this. Without this that begins
        when something has to go there.
        """
        if self.emptying is not None:
            self.emptying.begin()

    def end_emptying(self) -> None:
        """Empty the spool if that is possible, in a process that serves no more. Takes a few
        seconds at most.
        """
        if self.emptying is not None:
            self.emptying.end()

    def begins_soon(self, environ: WSGIEnvironment) -> bool:
        """Whether a server may call this for a request where it must not be kept waiting."""
        return self.routes.begins_soon(environ)

    def log_exception(
        self, exc_info: tuple[type, BaseException, TracebackType] | tuple[None, None, None]
    ) -> None:
        """Log the type and place of an exception."""
        if exc_info[1] is not None:
            log.error("request failed", id=current().id, **logs.failure(exc_info[1]))


def create_app(settings: Settings | None = None, others: Sequence[Source] = ()) -> Application:
    """The application for these settings, by default those of the environment.

    CometChat's webhooks come to `/webhooks`, what its moderation asks to `/moderation`; what every
    source sends, by its name, to `/webhooks/<name>`; presses of end users to
    `/interactions/<token>`.

    Opens no connection: Redis is connected to when it is first needed, so after gunicorn has
    forked. Raises `SettingsError`, `NoCredentialsError` and `SpoolPlaceError`.
    """
    if settings is None:
        settings = Settings.load()
        logs.configure(settings.log_format)
    require_credentials(settings.basic_auth)
    keys.begin_with(settings.key_prefix)
    name_host(settings.host)
    streams, metrics = Streams.open(settings), Metrics()
    plugins = WebPlugins(settings)
    deciders = WebDeciders(plugins.load, settings.on_decision_failure)
    spool = open_spool(settings)
    emptying = None if spool is None else EmptyingThread(spool, settings)
    road: Road = streams
    if spool is not None and emptying is not None:
        road = Spooling(streams, spool, emptying, metrics.spooled)
    keeping = Keeping(road, metrics)
    deciding = Deciding(deciders, keeping, metrics, settings.decision_budget_ms)
    app = Application("comethooks", static_folder=None)
    app.plugins, app.deciding, app.emptying = plugins, deciding, emptying
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    views: dict[str, tuple[str, RouteView]] = {}
    cometchat = CometChat(settings)
    for name, source in by_name((cometchat, *others)).items():
        view = ReceivingView(source, settings, keeping, metrics, deciding)
        endpoint = f"webhooks:{name}"
        if name == COMETCHAT:
            endpoint = "webhooks"
            views["/webhooks"] = endpoint, view
        views[f"/webhooks/{name}"] = endpoint, view
    views[MODERATION] = "moderation", ModerationView(settings, keeping, metrics, deciding)
    interactions = InteractionView(cometchat, settings, keeping, metrics)
    _add_health(app, settings, streams, metrics)
    app.register_error_handler(Exception, _failed(metrics, Elsewhere(cometchat, keeping, metrics)))
    app.before_request(_begin)
    app.after_request(_end)
    app.routes = WebhookRoutes(views, {PATH: ("interactions", interactions)}, app.wsgi_app, metrics)
    app.wsgi_app = app.routes  # type: ignore[method-assign]
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


def _failed(metrics: Metrics, elsewhere: Elsewhere) -> Callable[[Exception], Response]:
    def answer(error: Exception) -> Response:
        headers = {}
        status = 500
        if isinstance(error, HTTPException) and error.code is not None:
            if error.response is not None or error.code < 400:
                passed = error.get_response(request.environ)
                return Response(passed.get_data(), passed.status_code, passed.headers)
            status = error.code
            if status == 404:
                elsewhere.note(current(), request.environ)
            headers = {name: value for name, value in error.get_headers() if name != "Content-Type"}
        else:
            metrics.failure()
            log.error("request failed", id=current().id, **logs.failure(error))
        detail = problems.DETAILS.get(status) or getattr(error, "description", None) or ""
        return problem_reply(
            problems.problem(status, detail, request_id=current().id), status, headers
        ).response()

    return answer


def _add_health(app: Flask, settings: Settings, streams: Streams, metrics: Metrics) -> None:
    journal = JournalProbe(settings.database_url)

    def healthz() -> Response:
        return HttpReply(b'{"alive":true}').response()

    def readyz() -> Response:
        found = health.check(streams.client, settings, journal)
        found = with_spool(found, SpoolGlance.of(settings))
        return HttpReply(dumps(found.document()), 200 if found.ready else 503).response()

    def metrics_text() -> Response:
        state = health.seen(streams.client, settings.partitions)
        text = metrics.text(
            state,
            SpoolGauges(SpoolGlance.of(settings)),
            max_backlog_bytes=settings.max_backlog_bytes,
            multiprocess=MULTIPROCESS_DIRECTORY in os.environ,
        )
        return Response(text, content_type=CONTENT_TYPE)

    app.add_url_rule("/healthz", "healthz", healthz)
    app.add_url_rule("/readyz", "readyz", unless_stranger(readyz, settings))
    app.add_url_rule("/metrics", "metrics", unless_stranger(metrics_text, settings))
