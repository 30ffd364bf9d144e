"""`comethooks up`: everything on one machine, kept alive until Ctrl-C."""

import contextlib
import json
import os
import signal
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException

import click
import structlog

from comethooks.cli import load_settings
from comethooks.cli.services.data_directory import only_one
from comethooks.cli.services.greeting import given, greeting
from comethooks.cli.services.parts import (
    STOP_MARGIN_SECONDS,
    check_journal,
    check_redis,
    check_spool,
    load_workers,
    make_files_private,
    make_usable,
    run_workers,
    upgrade_database,
)
from comethooks.cli.services.plugin_follower import PluginFollower
from comethooks.cli.terminal.output import hint
from comethooks.webhooks.gunicorn.server import serve
from comethooks.workers.processes import RELOAD, StopFlag
from comethooks.workers.settings.addresses import EVERYWHERE, LOOPBACK, Binding, host_and_port
from comethooks.workers.settings.credentials import ensure_credentials
from comethooks.workers.settings.env_file import SETTLED
from comethooks.workers.settings.interaction_keys import ensure_interaction_keys
from comethooks.workers.settings.settings import NAMES, Settings
from comethooks.workers.supervision.embedded import embedded_server, wait_until_ready
from comethooks.workers.supervision.first_process import leave_first_process
from comethooks.workers.supervision.server_program import (
    EmbeddedServerError,
    check_data,
    find_server,
    remember,
)
from comethooks.workers.supervision.supervisor import Child, ForkedChild, supervise
from comethooks.workers.supervision.unread_settings import tell_at_a_glance

_READY_SECONDS = 30.0
_POLL_SECONDS = 0.05
_NEEDED = frozenset(("drainers", "leases", "journal"))
"""What must not be degraded for an event to be processed. The rest is no reason to wait."""

log = structlog.get_logger()


@click.command()
def up() -> None:
    """Run everything on this machine until Ctrl-C.

    Starts an embedded Valkey (unless REDIS_URL is set), brings the database up to date, and runs
    the web process and the workers. Makes credentials on first use, and prints what to enter in
    CometChat's Dashboard. Loads plugins again when a file in their folder changes, and all of them
    at a SIGUSR1.
    """
    leave_first_process()
    settings = load_settings()
    tell_at_a_glance(settings)
    stop = StopFlag.on_signals(signal.SIGTERM, signal.SIGINT)
    stop.wake_on(signal.SIGCHLD)
    signal.signal(RELOAD, signal.SIG_IGN)  # nothing is loaded yet
    make_files_private()
    make_usable(settings)
    with only_one(settings.data_dir):
        if not settings.basic_auth or not settings.interaction_keys:
            if not settings.basic_auth:
                ensure_credentials(settings.data_dir)
            if not settings.interaction_keys:
                ensure_interaction_keys(settings.data_dir)
            settings = load_settings()
        # A platform that says the port reaches us from outside; a person at a terminal does not.
        usual = EVERYWHERE if NAMES["port"] in given() else LOOPBACK[0]
        settings = replace(settings, bind=settings.bind or (Binding(usual, settings.port),))
        for binding in settings.bind:
            _check_address(binding)
        check_spool(settings)
        settings.plugin_dir.mkdir(parents=True, exist_ok=True)
        _run_all(settings, stop)


def _run_all(settings: Settings, stop: StopFlag) -> None:
    started: list[Child] = []
    try:
        embedded = NAMES["redis_url"] not in given()
        if embedded:
            program = find_server(settings.server)
            check_data(settings.data_dir, program)
            server = embedded_server(settings.data_dir, program)
            server.start()
            started.append(server)
        load_workers()  # while the server starts
        if embedded:
            wait_until_ready(server, settings.redis_url, stop)
            if stop.is_set():
                return
            remember(settings.data_dir, program)
        check_redis(settings)
        upgrade_database(settings)
        check_journal(settings)
        plugins = PluginFollower(settings)
        for child in _services(settings):
            child.start()
            started.append(child)
        ready = _wait_until_ready(settings, started, stop)
        if ready:
            plugins.tell()
        if not stop.is_set():
            hint(greeting(settings, ready=ready))
        supervise(started, stop, on_tick=partial(plugins.follow, started))
    except EmbeddedServerError as error:
        raise click.ClickException(str(error)) from None
    finally:
        log.info("stopping")
        for child in _in_stopping_order(started):
            child.stop()
        log.info("stopped")


def _services(settings: Settings) -> list[Child]:
    """The parts, to be forked from this process: they share what it has imported."""
    environment = {NAMES["data_dir"]: str(settings.data_dir), SETTLED: "1"}
    if NAMES["bind"] not in given():
        environment[NAMES["bind"]] = ",".join(map(str, settings.bind))

    def part(
        name: str, run: Callable[[Settings], None], reload_signal: signal.Signals = RELOAD
    ) -> Child:
        def be_it() -> int:
            os.environ.update(environment)
            run(Settings.load())
            return 0

        stop_seconds = settings.handler_timeout + 2 * STOP_MARGIN_SECONDS
        return ForkedChild(
            name, function=be_it, stop_seconds=stop_seconds, reload_signal=reload_signal
        )

    return [
        part("web", serve, signal.SIGHUP),  # gunicorn's own
        part("worker", lambda own: run_workers(own, own.workers)),
    ]


def _in_stopping_order(children: Sequence[Child]) -> list[Child]:
    """The server last: what the others have in progress is still to be written there."""
    return sorted(children, key=lambda child: ("web", "worker", "valkey").index(child.name))


def _wait_until_ready(settings: Settings, children: Sequence[Child], stop: StopFlag) -> bool:
    """Whether an event sent now would be kept and processed. Brings back what dies meanwhile."""
    limit = time.monotonic() + _READY_SECONDS
    while not stop.wait(_POLL_SECONDS):
        for child in children:
            child.revive()
        degraded = _degraded(settings.local_address)
        if degraded is not None and not degraded & _NEEDED:
            return True
        if time.monotonic() > limit:
            log.warning(
                "not everything is ready yet; going on",
                readyz=f"http://{settings.local_address}/readyz",
            )
            return False
    return False


def _degraded(address: str) -> set[str] | None:
    """What the web process says is degraded; None as long as it is not ready."""
    # Not httpx: to import it would take longer than everything else that is waited for here.
    connection = HTTPConnection(address, timeout=1.0)
    with contextlib.suppress(OSError, HTTPException), contextlib.closing(connection):
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        if answer.status == HTTPStatus.OK:
            return {finding["what"] for finding in json.load(answer)["degraded"]}
    return None


def _check_address(binding: Binding) -> None:
    host, port = binding.host, binding.port or 0
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise click.ClickException(
            f"{binding} cannot be used ({error.strerror}); choose another with"
            f" {NAMES['bind']}={host_and_port(LOOPBACK[0], port + 1)} comethooks up"
        ) from None
