"""The logger of handlers, whose lines tell of event and run whatever else stands in them."""

from collections.abc import Mapping
from typing import Any, Self

import structlog
from structlog.typing import FilteringBoundLogger

TAKEN = frozenset(("event", "id", "trigger", "handler", "decider", "attempt", "level", "timestamp"))
"""What every line says by itself; `event` is structlog's name for its text."""


class HandlerLog:
    """What `ctx.log` is: a structlog logger that knows the event, the handler and the attempt.

    Values go by the names that the author gives them. Those of `TAKEN` get a `_` at their end:
    `ctx.log.info("found", id=7)` says `id_=7`, and `id` is still the event's.
    """

    __slots__ = ("_said",)

    def __init__(self, said: Mapping[str, Any]) -> None:
        """`said` is what every line says."""
        self._said = said

    def bind(self, **values: Any) -> Self:
        """A logger that says `values` in each of its lines, too."""
        return type(self)({**self._said, **_own(values)})

    def debug(self, text: str, /, *args: Any, **values: Any) -> None:
        """Log a line that is not shown. `args` go into the `%` places of `text`, as everywhere."""
        self._logger.debug(text, *args, **_own(values))

    def info(self, text: str, /, *args: Any, **values: Any) -> None:
        """Log what is worth knowing."""
        self._logger.info(text, *args, **_own(values))

    def warning(self, text: str, /, *args: Any, **values: Any) -> None:
        """Log what somebody should look at."""
        self._logger.warning(text, *args, **_own(values))

    def error(self, text: str, /, *args: Any, **values: Any) -> None:
        """Log what went wrong."""
        self._logger.error(text, *args, **_own(values))

    def critical(self, text: str, /, *args: Any, **values: Any) -> None:
        """Log what somebody has to look at now."""
        self._logger.critical(text, *args, **_own(values))

    def exception(self, text: str, /, *args: Any, **values: Any) -> None:
        """Log what went wrong, with the type of the exception at hand and where it was raised."""
        self._logger.exception(text, *args, **_own(values))

    @property
    def _logger(self) -> FilteringBoundLogger:
        # Made when there is something to say: most runs say nothing.
        logger: FilteringBoundLogger = structlog.get_logger(**self._said)
        return logger


def _own(values: Mapping[str, Any]) -> dict[str, Any]:
    if TAKEN.isdisjoint(values):
        return dict(values)
    return {f"{name}_" if name in TAKEN else name: value for name, value in values.items()}
