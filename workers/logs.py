"""Logs: one event a line on standard error, for people on a terminal and as JSON elsewhere.

An exception's text may quote the body of a request, so no line ever holds it: what is logged of an
exception is its type and where it was raised. Its text is kept with the run that it ended, by
`one_line` and `traceback_text`.
"""

import logging
import sys
import threading
import traceback
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager, suppress
from datetime import date, datetime
from enum import Enum
from pathlib import PurePath
from select import PIPE_BUF
from types import FrameType
from typing import Any, Literal, TextIO

import structlog
from structlog.typing import Processor, WrappedLogger

from comethooks.schemas import masked
from comethooks.workers.texts import cut, dumps, end_of, number_of, plain, scrub

MAX_LINE = 500
"""Characters of an error's one line."""
MAX_TRACEBACK = 8_000
"""Characters of a traceback that are kept: its end."""
_QUIET = ("alembic", "rq", "rq.worker", "rq.job", "rq.queue", "httpx", "httpcore")
"""Loggers of others that tell of every job, call or step, httpx with its URL."""
_timestamp = structlog.processors.TimeStamper(fmt="iso", utc=True)
_MAX_CHAIN = 10
_MAX_DEPTH = 6


def configure(
    log_format: Literal["auto", "console", "json"] = "auto", stream: TextIO | None = None
) -> None:
    """Send what structlog and the standard library's logging say to `stream`, by default standard
    error.

    `auto` is `console` on a terminal and `json` elsewhere. Can be called again: the last call
    counts.
    """
    global _json_lines
    out = sys.stderr if stream is None else stream
    on_terminal = out.isatty()
    console = log_format == "console" or (log_format == "auto" and on_terminal)
    shown = (
        [_one_line_each, structlog.dev.ConsoleRenderer(colors=on_terminal)] if console else [_json]
    )
    _json_lines = None if console else _Lines(out)
    shared: list[Processor] = [
        structlog.processors.add_log_level,
        _timestamp,
        _without_texts_of_exceptions,
        _plain_values,
    ]
    structlog.configure(
        processors=[*shared, *shown],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=lambda *_: _Lines(out),
        cache_logger_on_first_use=False,  # a logger kept by a module follows the next `configure`
    )
    handler = _Handler(out)
    handler.setFormatter(
        _Formatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *shown],
        )
    )
    root = logging.getLogger()
    root.handlers = [other for other in root.handlers if not isinstance(other, _Handler)] + [
        handler
    ]
    root.setLevel(logging.INFO)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def plain_info(event: str, values: Mapping[str, Any]) -> None:
    """Log what structlog's `info` would, at a sixth of the cost: for what every request pays for.

    The values are plain, and hold nothing that has to be masked: nobody looks through them.
    """
    lines = _json_lines
    # On a terminal the cost does not matter; and whoever has told structlog to do something else
    # with lines, as a test may, gets this one too.
    if lines is None or structlog.get_config()["processors"][-1:] != [_json]:
        structlog.get_logger().info(event, **values)
        return
    line = _json(
        None, "info", _timestamp(None, "info", {**values, "event": event, "level": "info"})
    )
    gathered: list[str] | None = getattr(_gathering, "lines", None)
    if gathered is None:
        lines.msg(line)
    else:
        gathered.append(line)


@contextmanager
def together() -> Iterator[None]:
    """Hold back what this thread says by `plain_info` in the block, and write it at the end in as
    few pieces as possible: at each, other threads get the interpreter, and this one waits for them.
    """
    gathered: list[str] = []
    _gathering.lines = gathered
    try:
        yield
    finally:
        _gathering.lines = None
        if _json_lines is not None:
            for piece in _pieces(gathered):
                _json_lines.msg(piece)


def _pieces(lines: list[str]) -> Iterator[str]:
    """The lines, put together as far as a pipe takes them in one: in what is longer, there could be
    one of another process.
    """
    piece: list[str] = []
    size = 0
    for line in lines:
        size += len(line.encode()) + 1
        if piece and size > PIPE_BUF:
            yield "\n".join(piece)
            piece, size = [], len(line.encode()) + 1
        piece.append(line)
    if piece:
        yield "\n".join(piece)


def failure(error: BaseException) -> dict[str, str]:
    """What may be logged of an exception: its type as `error`, and as `at` the line that raised
    it.
    """
    frames = traceback.extract_tb(error.__traceback__)
    place = {"at": f"{frames[-1].filename}:{frames[-1].lineno}"} if frames else {}
    return {"error": type(error).__qualname__, **place}


def one_line(error: BaseException) -> str:
    """`ValueError: its text`, on one line and cut off at 500 characters. To keep, not to log."""
    try:
        text = " ".join(scrub(str(error)).split())
    except Exception:
        text = "(its text cannot be made)"
    return cut(": ".join(filter(None, (type(error).__qualname__, text))), MAX_LINE)


def traceback_text(error: BaseException) -> str:
    """The traceback with all texts, its last 8,000 characters. To keep, not to log."""
    return end_of(scrub("".join(traceback.format_exception(error))), MAX_TRACEBACK)


def stack_text(frame: FrameType) -> str:
    """Where a thread is, like a traceback, its last 8,000 characters. To keep, not to log."""
    text = "".join(["It still runs here:\n", *traceback.format_stack(frame)])
    return end_of(scrub(text), MAX_TRACEBACK)


class _Lines:
    """What structlog writes to: a stream, one call a line, and no lock that a fork could leave
    taken.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def msg(self, line: str) -> None:
        # Where nobody reads any more, that is no reason to end what is being logged.
        with suppress(OSError, ValueError):
            self._stream.write(f"{line}\n")
            self._stream.flush()

    debug = info = warning = error = critical = msg


_gathering = threading.local()
_json_lines: _Lines | None = None
"""Where lines go, as JSON; None before `configure`, and when they are for people."""


class _Handler(logging.StreamHandler[TextIO]):
    """Our own handler, told apart from those that others add to the root logger."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Go on without this line: nobody reads any more, and a traceback could not be read."""


class _Formatter(structlog.stdlib.ProcessorFormatter):
    """Formats a record of the standard library without the texts of exceptions among its
    arguments.
    """

    def format(self, record: logging.LogRecord) -> str:
        record = logging.makeLogRecord(record.__dict__)
        if isinstance(record.args, tuple):
            record.args = tuple(_without_text(argument) for argument in record.args)
        record.msg = _without_text(record.msg)
        return super().format(record)


def _without_text(value: Any) -> Any:
    return type(value).__qualname__ if isinstance(value, BaseException) else value


def _without_texts_of_exceptions(
    _logger: WrappedLogger, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Put, instead of `exc_info`, the type, the place and the frames of the exception."""
    error = _exception(event.pop("exc_info", None))
    if error is not None:
        event.update(failure(error))
        event["exception"] = _frames(error)
    return event


def _exception(exc_info: Any) -> BaseException | None:
    if isinstance(exc_info, BaseException):
        return exc_info
    found = exc_info[1] if isinstance(exc_info, tuple) else sys.exc_info()[1] if exc_info else None
    return found if isinstance(found, BaseException) else None


def _frames(error: BaseException) -> str:
    parts = [
        f"{''.join(traceback.format_tb(link.__traceback__))}{type(link).__qualname__}"
        for link in _chain(error)
    ]
    return end_of("\nafter:\n".join(parts), MAX_TRACEBACK)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen and len(seen) < _MAX_CHAIN:
        yield error
        seen.add(id(error))
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _plain_values(
    _logger: WrappedLogger, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Replace what is not plain data, which neither renderer shall look into, and mask secrets in
    the rest.

    A handler that logs a URL, or part of a body, shows nobody a token.
    """
    for key, value in event.items():
        if type(value) is str:
            if "=" in value or "." in value:  # no other text has something to mask
                event[key] = masked(value)
        elif type(value) not in (int, float, bool, type(None)):
            event[key] = masked(_plain(value))
    return event


def _plain(value: Any, depth: int = 0) -> Any:
    if isinstance(value, Enum):
        return _plain(value.value, depth)
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, BaseException):
        return type(value).__qualname__
    if isinstance(value, bytes | bytearray | memoryview):
        return f"<{number_of(len(value), 'byte')}>"
    if depth < _MAX_DEPTH and isinstance(value, Mapping):
        return {str(key): _plain(item, depth + 1) for key, item in value.items()}
    if depth < _MAX_DEPTH and isinstance(value, list | tuple | set | frozenset):
        return [_plain(item, depth + 1) for item in value]
    return f"<{type(value).__qualname__}>"


def _one_line_each(
    _logger: WrappedLogger, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Escape what a terminal obeys. Line ends too, or a text that somebody sent could be one that
    looks like a line of ours; those of a traceback are ours.
    """
    return {
        plain(key, ""): plain(value, "\n" if key == "exception" else "")
        if isinstance(value, str)
        else value
        for key, value in event.items()
    }


def _json(_logger: WrappedLogger, _method: str, event: MutableMapping[str, Any]) -> str:
    return dumps(event, scrubs=True).decode()
