"""gunicorn's own messages, sent to our log."""

import sys
from typing import Any

import structlog
from gunicorn.glogging import Logger  # type: ignore[import-untyped]

from comethooks.workers import logs
from comethooks.workers.settings.settings import Settings


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
        if error is None or isinstance(error, BlockingIOError | TimeoutError):
            return  # a sender that fell silent, or does not read
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
