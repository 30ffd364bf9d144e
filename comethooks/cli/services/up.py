"""`comethooks up`: everything on one machine, kept alive until Ctrl-C."""

import contextlib
import fcntl
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import click
import httpx
import structlog

from comethooks.cli import load_settings
from comethooks.cli.services.parts import STOP_MARGIN_SECONDS, check_redis, upgrade_database
from comethooks.cli.services.plugin_follower import PluginFollower
from comethooks.workers import logs
from comethooks.workers.processes import RELOAD, StopFlag
from comethooks.workers.settings.addresses import EVERYWHERE, LOOPBACK, host_and_port
from comethooks.workers.settings.credentials import ensure_credentials
from comethooks.workers.settings.env_file import SETTLED, from_env_file
from comethooks.workers.settings.paths import credentials_path, lock_path
from comethooks.workers.settings.settings import NAMES, Settings
from comethooks.workers.supervision.embedded import embedded_server, wait_until_ready
from comethooks.workers.supervision.server_program import (
    EmbeddedServerError,
    check_data,
    find_server,
    remember,
)
from comethooks.workers.supervision.supervisor import Child, supervise
from comethooks.workers.supervision.unread_settings import tell_at_a_glance
from comethooks.workers.texts import number_of

_READY_SECONDS = 30.0
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
    settings = load_settings()
    logs.configure(settings.log_format)
    tell_at_a_glance(settings)
    stop = StopFlag.on_signals(signal.SIGTERM, signal.SIGINT)
    signal.signal(RELOAD, signal.SIG_IGN)  # nothing is loaded yet
    os.umask(0o077)  # events, credentials and logs are for this user alone
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _only_one(settings.data_dir):
        if not settings.basic_auth:
            ensure_credentials(settings.data_dir)
            settings = load_settings()
        # A platform that says the port reaches us from outside; a person at a terminal does not.
        usual = EVERYWHERE if NAMES["port"] in _given() else LOOPBACK[0]
        settings = replace(settings, host=settings.host or usual)
        _check_address(settings)
        settings.plugin_dir.mkdir(parents=True, exist_ok=True)
        _run_all(settings, stop)


def _run_all(settings: Settings, stop: StopFlag) -> None:
    started: list[Child] = []
    try:
        if NAMES["redis_url"] not in _given():
            program = find_server(settings.server)
            check_data(settings.data_dir, program)
            server = embedded_server(settings.data_dir, program)
            server.start()
            started.append(server)
            wait_until_ready(server, settings.redis_url, stop)
            if stop.is_set():
                return
            remember(settings.data_dir, program)
        check_redis(settings)
        upgrade_database(settings)
        plugins = PluginFollower(settings)
        for child in _services(settings):
            child.start()
            started.append(child)
        ready = _wait_until_ready(settings, started, stop)
        if ready:
            plugins.tell()
        if not stop.is_set():
            click.echo(greeting(settings, ready=ready), err=True)
        supervise(started, stop, on_tick=partial(plugins.follow, started))
    except EmbeddedServerError as error:
        raise click.ClickException(str(error)) from None
    finally:
        log.info("stopping")
        for child in _in_stopping_order(started):
            child.stop()
        log.info("stopped")


def _given() -> set[str]:
    return {name.removesuffix("_FILE") for name, value in os.environ.items() if value.strip()}


def _exported() -> set[str]:
    """What is given and is not in the `.env`, where any command of this folder finds it."""
    return _given() - {name.removesuffix("_FILE") for name in from_env_file(os.environ)}


def _services(settings: Settings) -> list[Child]:
    environment = {**os.environ, NAMES["data_dir"]: str(settings.data_dir), SETTLED: "1"}
    if NAMES["host"] not in _given():
        environment[NAMES["host"]] = host_and_port(settings.host or EVERYWHERE, settings.port)
    command = [sys.executable, "-P", "-m", "comethooks.cli"]
    stop_seconds = settings.handler_timeout + 2 * STOP_MARGIN_SECONDS
    return [
        Child("web", [*command, "web"], environment=environment, stop_seconds=stop_seconds),
        Child("worker", [*command, "worker"], environment=environment, stop_seconds=stop_seconds),
    ]


def _in_stopping_order(children: Sequence[Child]) -> list[Child]:
    """The server last: what the others have in progress is still to be written there."""
    return sorted(children, key=lambda child: ("web", "worker", "valkey").index(child.name))


def _wait_until_ready(settings: Settings, children: Sequence[Child], stop: StopFlag) -> bool:
    """Whether an event sent now would be kept and processed. Brings back what dies meanwhile."""
    url = f"http://{settings.local_address}/readyz"
    limit = time.monotonic() + _READY_SECONDS
    while not stop.wait(0.1):
        for child in children:
            child.revive()
        with contextlib.suppress(httpx.HTTPError):
            answer = httpx.get(url, timeout=1.0, trust_env=False)
            if answer.status_code == httpx.codes.OK:
                degraded = {finding["what"] for finding in answer.json()["degraded"]}
                if not degraded & _NEEDED:
                    return True
        if time.monotonic() > limit:
            log.warning("not everything is ready yet; going on", readyz=url)
            return False
    return False


def greeting(settings: Settings, *, ready: bool) -> str:
    """What to enter in the Dashboard, what to try, and what is worth knowing."""
    state = "is ready" if ready else "is not ready yet; `comethooks doctor` says why"
    lines = [
        "",
        f"comethooks {state}. In CometChat's Dashboard, under Webhooks, enter:",
        f"  URL        {settings.public_url}/webhooks",
        *_credentials(settings),
        "",
        f"Try it from another terminal{_with_the_same()}:",
        f"  {_own_command(settings)} send after_message",
        f"  {_own_command(settings)} events list",
        "",
        *_remarks(settings),
        "Ctrl-C stops everything. Nothing that was accepted is lost.",
        "",
    ]
    return "\n".join(lines)


def _credentials(settings: Settings) -> Iterator[str]:
    """User and password of each; a password only if it is ours, and only for a person to see."""
    given = NAMES["basic_auth"] in _given()
    for credential in settings.basic_auth:
        yield f"  user       {credential.user}"
        if given:
            yield f"  password   the one in {NAMES['basic_auth']}"
        elif sys.stderr.isatty():
            yield f"  password   {credential.password}"
        else:
            yield f"  password   in {credentials_path(settings.data_dir)}"


def _remarks(settings: Settings) -> Iterator[str]:
    if NAMES["public_url"] not in _given():
        yield (
            "CometChat needs a public HTTPS address: put one in front, and set"
            " COMETHOOKS_PUBLIC_URL."
        )
    if not settings.app_ids:
        yield (
            "Every app id is accepted; COMETHOOKS_APPS=appid:region (or COMETHOOKS_APP_IDS=id) lets"
            " in only yours."
        )
    kept = number_of(settings.retention_days, "day")
    yield (
        f"Events are kept for {kept}{_shorter(settings)}; {NAMES['retention_days']} says how long."
    )
    yield f"Data is in {settings.data_dir}, plugins in {settings.plugin_dir}."


def _shorter(settings: Settings) -> str:
    """What is kept less long than the events."""
    ages = {
        "payloads": settings.payload_retention_days,
        "run details": settings.run_retention_days,
    }
    less = [
        f"their {what} for {number_of(days, 'day')}"
        for what, days in ages.items()
        if days < settings.retention_days
    ]
    return "".join(f", {each}" for each in less)


def _with_the_same() -> str:
    """The settings that another terminal needs and that may hold a password."""
    secret = {NAMES["basic_auth"], NAMES["redis_url"], NAMES["database_url"]}
    names = ", ".join(sorted(_exported() & secret))
    return f", with the same {names}" if names else ""


def _own_command(settings: Settings) -> str:
    """How to call this command from the same folder, with the settings that matter."""
    program = Path(sys.argv[0])
    with contextlib.suppress(ValueError):
        program = program.resolve().relative_to(Path.cwd())
    given = _exported() & {NAMES["data_dir"], NAMES["host"], NAMES["port"]}
    assignments = [f"{name}={os.environ[name]}" for name in sorted(given) if name in os.environ]
    return " ".join([*assignments, str(program)])


def _check_address(settings: Settings) -> None:
    host, port = settings.host, settings.port
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        place = host_and_port(host or EVERYWHERE, port)
        raise click.ClickException(
            f"{place} cannot be used ({error.strerror}); choose another with"
            f" {NAMES['host']}={host_and_port(LOOPBACK[0], port + 1)} comethooks up"
        ) from None


@contextlib.contextmanager
def _only_one(data_dir: Path) -> Iterator[None]:
    """Hold the data directory for this process alone."""
    with open(lock_path(data_dir), "a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            raise click.ClickException(
                f"`comethooks up` already runs with {data_dir} (pid {file.read().strip()}); stop"
                " it, or use another COMETHOOKS_DATA_DIR"
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
