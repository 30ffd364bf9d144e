"""What becomes of a run of an ordered handler when earlier ones stand in its line."""

from collections.abc import Callable

import structlog

from comethooks.workers.clock import now_ms
from comethooks.workers.handlers.unmade import unmade_run
from comethooks.workers.journal import (
    JournalOutdatedError,
    JournalUnavailableError,
    Line,
    RunResult,
    searchable,
)
from comethooks.workers.plugins.loaded import BoundHandler
from comethooks.workers.record import Record
from comethooks.workers.states import RunState
from comethooks.workers.texts import number_of

MOST_IN_LINE = 10_000
"""Runs of one handler and conversation: what jobs work off in minutes once the first one is mended.
Roughly, since what is on its way to SQL is not counted."""

LineLength = Callable[[Line, int], int]
"""How many runs stand in a line, counted no further than a limit. Raises the journal's errors."""

Lane = tuple[str | None, str]
"""What orders live events: the app, and the conversation, the user or the event itself."""

log = structlog.get_logger()


def lane_of(record: Record) -> Lane:
    """The lane of a live event."""
    return record.app_id, record.key or record.id


def name_of(lane: Lane) -> str:
    """How the journal knows a lane."""
    app_id, key = lane
    return searchable(f"{app_id or ''}/{key}") or ""


def how_many(line: Line, line_length: LineLength, most: int) -> int:
    """How many runs stand in `line`, counted up to `most`; 1 when the journal does not say."""
    try:
        return line_length(line, most)
    except (JournalUnavailableError, JournalOutdatedError) as error:
        log.warning(
            "the journal does not say whether a run has to wait; it waits", reason=str(error)
        )
        return 1


def behind(handler: BoundHandler, before: int, most: int) -> RunResult:
    """What becomes of a run that finds `before` others in its line: it waits or, at `most`, is
    dead.
    """
    if before < most:
        return unmade_run(handler, RunState.WAITING)
    error = (
        f"{number_of(most, 'run')} of this handler wait before it in its conversation; once they go"
        " on, retry it"
    )
    return unmade_run(handler, RunState.DEAD, finished_at=now_ms(), error=error)
