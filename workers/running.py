"""One run: a handler applied to an event, and the mark in Redis that says how it ended."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import orjson
import structlog
from structlog.typing import FilteringBoundLogger

from schemas import Event
from workers.journal import RunResult
from workers.loading import BoundHandler
from workers.logs import failure, one_line, traceback_text
from workers.plugin import Context
from workers.record import Record
from workers.states import RunState

STARTED = b"started"
"""The mark of a run that has begun. The mark of one that ended is its result, as JSON."""


def now_ms() -> int:
    """The time, in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def event_of(record: Record) -> Event:
    """The event that handlers get, made of a kept record. Nothing is decoded yet."""
    return Event(
        id=record.id,
        source=record.source,
        trigger=record.trigger or "",
        name=record.name,
        app_id=record.app_id,
        conversation_id=record.conversation_id,
        occurred_at=record.occurred_at,
        received_at=record.received_at,
        raw=record.body,
    )


def execute(
    handler: BoundHandler, event: Event, *, attempt: int = 1, clock: Callable[[], int] = now_ms
) -> RunResult:
    """Run `handler` once. Whatever it raises becomes a run that is dead, with its traceback, and goes no further."""
    # A lazy logger: nothing is bound until the handler logs.
    log: FilteringBoundLogger = structlog.get_logger(
        id=event.id, trigger=event.trigger, handler=handler.id, attempt=attempt
    )
    context = Context(config=handler.config, log=log, attempt=attempt, handler=handler.id)
    started = clock()
    try:
        handler.function(event, context)
    except BaseException as error:
        log.warning("run failed", **failure(error))
        return RunResult(
            handler=handler.id,
            state=RunState.DEAD,
            attempts=attempt,
            started_at=started,
            finished_at=clock(),
            error=one_line(error),
            traceback=traceback_text(error),
        )
    return RunResult(
        handler=handler.id,
        state=RunState.DONE,
        attempts=attempt,
        started_at=started,
        finished_at=clock(),
        error=None,
        traceback=None,
    )


def mark_of(result: RunResult) -> bytes:
    """The mark of a run that ended."""
    return orjson.dumps(
        [result.state, result.attempts, result.started_at, result.finished_at, result.error, result.traceback]
    )


def results_in(marks: Mapping[bytes, bytes]) -> dict[str, list[RunResult]]:
    """The results that the marks of a partition hold, by stream entry. Runs that only started are left out."""
    results: dict[str, list[RunResult]] = {}
    for field, mark in marks.items():
        if mark == STARTED:
            continue
        entry, _, handler = field.decode().partition("/")
        results.setdefault(entry, []).append(_result(handler, orjson.loads(mark)))
    return results


def _result(handler: str, mark: list[Any]) -> RunResult:
    state, attempts, started_at, finished_at, error, traceback = mark
    return RunResult(
        handler=handler,
        state=RunState(state),
        attempts=attempts,
        started_at=started_at,
        finished_at=finished_at,
        error=error,
        traceback=traceback,
    )
