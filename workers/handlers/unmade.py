"""Runs that were not made: those that are yet to be, and those that never will."""

from comethooks.workers.journal import RunResult
from comethooks.workers.plugins.loaded import BoundHandler
from comethooks.workers.states import RunState


def due_run(
    handler: BoundHandler,
    *,
    now: int,
    replay: str | None = None,
    lane: str | None = None,
    place: int | None = None,
) -> RunResult:
    """A run that is due at `now` (milliseconds). With a `lane` it waits at its `place` there until
    it is the first.
    """
    return RunResult(
        handler=handler.id,
        state=RunState.WAITING if lane else RunState.RETRYING,
        attempts=0,
        started_at=None,
        finished_at=None,
        next_at=None if lane else now,
        replay=replay,
        version=handler.version,
        lane=lane,
        place=place,
    )


def skipped_run(handler: BoundHandler, *, now: int, replay: str) -> RunResult:
    """A run that the replay does not make, since the handler may never be repeated."""
    return RunResult(
        handler=handler.id,
        state=RunState.SKIPPED,
        attempts=0,
        started_at=None,
        finished_at=now,
        replay=replay,
        version=handler.version,
    )
