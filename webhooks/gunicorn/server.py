"""How the command `web` becomes gunicorn: its command line, its environment, and its log."""

import os
import shutil
import socket
import sys
import tempfile
from pathlib import Path
from typing import Any

import structlog
from gunicorn.glogging import Logger  # type: ignore[import-untyped]

from comethooks.webhooks.app import require_credentials
from comethooks.webhooks.metrics import MULTIPROCESS_DIRECTORY
from comethooks.workers import logs
from comethooks.workers.processes import is_alive
from comethooks.workers.settings.addresses import EVERYWHERE, host_and_port
from comethooks.workers.settings.paths import metrics_dir
from comethooks.workers.settings.settings import Settings

SHARED_MEMORY = Path("/dev/shm")


def gunicorn_argv(settings: Settings) -> list[str]:
    """The command line that serves the application. What depends on no setting is in
    `webhooks.gunicorn.config`.

    Raises `NoCredentialsError`.
    """
    require_credentials(settings)
    argv = [sys.executable, "-P", "-m", "comethooks.webhooks.gunicorn"]
    argv += ["--config", "python:comethooks.webhooks.gunicorn.config"]
    argv += ["--bind", host_and_port(settings.host or EVERYWHERE, settings.port)]
    argv += ["--workers", str(settings.web_concurrency)]
    if _has_shared_memory():
        # A heartbeat on a disk can make a worker wait for the disk, and then it is taken for hung.
        argv += ["--worker-tmp-dir", str(SHARED_MEMORY)]
    return [*argv, "comethooks.webhooks.app:create_app()"]


def environment(settings: Settings) -> dict[str, str]:
    """The environment to serve the application in, with a new directory for counters."""
    return {**settings.environ, MULTIPROCESS_DIRECTORY: str(_metrics_dir(settings.data_dir))}


def _metrics_dir(data_dir: Path) -> Path:
    """An empty directory named after this host and process. Removes those of processes that are
    gone.

    It is not on the disk, if possible. The counters are mapped into memory, and a process that
    writes to such a file on a full disk is killed.
    """
    root = SHARED_MEMORY if _has_shared_memory() else metrics_dir(data_dir)
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    own = f"comethooks-{socket.gethostname()}-"
    # Those of our own pid too: in another container or boot the number was another process'.
    for left in root.glob(f"{own}*-*"):
        pid = left.name.removeprefix(own).partition("-")[0]
        if not pid.isdigit() or int(pid) == os.getpid() or not is_alive(int(pid)):
            shutil.rmtree(left, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{own}{os.getpid()}-", dir=root))


def _has_shared_memory() -> bool:
    return os.access(SHARED_MEMORY, os.W_OK | os.X_OK)


class GunicornLogger(Logger):  # type: ignore[misc]
    """Sends gunicorn's own messages to our log, without the parts that quote a request."""

    def setup(self, cfg: Any) -> None:
        """Called by gunicorn in its first process, and when it reads its configuration again."""
        self.cfg = cfg
        logs.configure(Settings.load().log_format)
        self._log = structlog.get_logger().bind(logger="gunicorn")

    def critical(self, msg: str, *args: Any, **_: Any) -> None:
        """Log it."""
        self._log.critical(_text(msg, args))

    def error(self, msg: str, *args: Any, **_: Any) -> None:
        """Log it."""
        self._log.error(_text(msg, args))

    def warning(self, msg: str, *args: Any, **_: Any) -> None:
        """Log it; of a request that cannot be parsed only what kind of fault it has."""
        if msg.startswith("Invalid request"):
            self._log.warning("malformed request", error=type(sys.exc_info()[1]).__name__)
        else:
            self._log.warning(_text(msg, args))

    def info(self, msg: str, *args: Any, **_: Any) -> None:
        """Log it."""
        self._log.info(_text(msg, args))

    def debug(self, msg: str, *args: Any, **_: Any) -> None:
        """Nobody needs it."""

    def exception(self, msg: str, *_: Any, **__: Any) -> None:
        """Log the type and place of the exception that is being handled."""
        error = sys.exc_info()[1]
        if error is None or isinstance(error, BlockingIOError):
            return  # a sender that fell silent; see `config.when_ready`
        # The arguments hold the URL, and the URL may hold a token.
        self._log.error(msg.partition("%")[0].strip(), **logs.failure(error))

    def log(self, lvl: Any, msg: str, *args: Any, **_: Any) -> None:
        """Log it."""
        self._log.info(_text(msg, args))

    def access(self, *_: Any) -> None:
        """The application logs its calls itself."""

    def reopen_files(self) -> None:
        """There are none."""

    def close_on_exec(self) -> None:
        """There are none."""


def _text(message: str, arguments: tuple[Any, ...]) -> str:
    return message % arguments if arguments else message
