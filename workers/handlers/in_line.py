"""What becomes of a run of an ordered handler that finds earlier ones in its line, live and in
replays.
"""

from collections.abc import Callable
from dataclasses import replace

import structlog

from comethooks.workers.clock import now_ms
from comethooks.workers.journal import (
    JournalOutdatedError,
    JournalUnavailableError,
    Line,
    RunResult,
)
from comethooks.workers.plugins.loaded import BoundHandler
from comethooks.workers.states import RunState

MOST_IN_LINE = 10_000
"""Runs of one handler and conversation: what jobs work off in minutes once the first one is mended.
Roughly, since what is on its way to SQL is not counted."""

LineLength = Callable[[Line, int], int]
"""How many runs stand in a line, counted no further than a limit. May raise what the journal
does.
"""

log = structlog.get_logger()


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
    """What becomes of a run that finds so many before it: it waits or, when these are `most`, it is
    dead.
    """
    return _waiting(handler) if before < most else _too_many(handler, most)


def _waiting(handler: BoundHandler) -> RunResult:
    return RunResult(
        handler=handler.id,
        state=RunState.WAITING,
        attempts=0,
        started_at=None,
        finished_at=None,
        version=handler.version,
    )


def _too_many(handler: BoundHandler, most: int) -> RunResult:
    return replace(
        _waiting(handler),
        state=RunState.DEAD,
        finished_at=now_ms(),
        error=(
            f"{most} runs of this handler wait before it in its conversation; once they go on,"
            " retry it"
        ),
    )
