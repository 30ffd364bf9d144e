"""The embedded server: a Valkey or Redis that belongs to one data directory."""

import contextlib
import os
import time
from pathlib import Path

import structlog
from redis.exceptions import BusyLoadingError, RedisError

from comethooks.workers.processes import StopFlag
from comethooks.workers.settings.names import NAMES, SECRET
from comethooks.workers.settings.paths import (
    make_private_dir,
    server_dir,
    server_log_path,
    socket_path,
)
from comethooks.workers.streams.connections import connect
from comethooks.workers.supervision.server_program import EmbeddedServerError, ServerProgram
from comethooks.workers.supervision.supervisor import Child

START_SECONDS = 30.0
_POLL_SECONDS = 0.02
_OURS = ("COMETHOOKS_", "COMETCHAT_", "_COMETHOOKS_")

log = structlog.get_logger()


def embedded_server(data_dir: Path, program: ServerProgram) -> Child:
    """The server of a data directory, not started yet: it listens on a unix socket, and has every
    write on disk before it answers.
    """
    directory = server_dir(data_dir)
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    socket = socket_path(data_dir)
    try:
        make_private_dir(socket.parent)
    except PermissionError as error:
        advice = "remove it, or use a shorter data directory"
        raise PermissionError(f"{error}; {advice}") from None
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(directory),
        "logfile": str(server_log_path(directory)),
        "appendonly": "yes",
        "appendfsync": "always",
        "save": "",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
    }
    command = [program.path]
    for name, value in options.items():
        command += [f"--{name}", value]
    return Child("valkey", command, environment=_environment(), cwd=str(directory))


def _environment() -> dict[str, str]:
    """Ours without settings: the server needs none, and its environment need show no secret."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(_OURS) and name.removesuffix("_FILE") not in SECRET
    }


def wait_until_ready(server: Child, url: str, stop: StopFlag) -> None:
    """Return once the server at `url` answers and has loaded its data, or somebody asks to stop.

    Raises `EmbeddedServerError` when it ends, or when 30 seconds go by in which it does nothing but
    start. Loading data may take longer.
    """
    client = connect(url)
    limit = time.monotonic() + START_SECONDS
    while not stop.is_set():
        try:
            client.ping()
        except BusyLoadingError:
            limit = time.monotonic() + START_SECONDS
        except (RedisError, OSError):
            pass
        else:
            break
        if server.process is None or server.process.poll() is not None or time.monotonic() > limit:
            raise EmbeddedServerError(_not_started(server))
        stop.wait(_POLL_SECONDS)
    client.close()


def _not_started(server: Child) -> str:
    """What the server said last, and what to do about it."""
    log_file = server_log_path(Path(server.cwd or "."))
    said = ""
    with contextlib.suppress(OSError, IndexError):
        # A line is `pid:role day month year time level text`.
        last = log_file.read_text(errors="replace").strip().splitlines()[-1]
        said = f': "{last.split(maxsplit=6)[-1]}"'
    return (
        f"{server.command[0]} did not start{said}. Its log is {log_file}. If another server wrote"
        f" {server.cwd}, name that one: {NAMES['server']}=/path/to/valkey-server comethooks up"
    )
