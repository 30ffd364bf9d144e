"""Results of runs that were not made: those that are yet to be, and those that never will."""

from dataclasses import replace

from comethooks.workers.journal import RunResult
from comethooks.workers.plugins.loaded import BoundHandler
from comethooks.workers.states import RunState


def unmade_run(
    handler: BoundHandler,
    state: RunState,
    *,
    attempts: int = 0,
    finished_at: int | None = None,
    error: str | None = None,
    replay: str | None = None,
) -> RunResult:
    """A run in `state` without having been started; `finished_at` is milliseconds."""
    return RunResult(
        handler=handler.id,
        state=state,
        attempts=attempts,
        started_at=None,
        finished_at=finished_at,
        error=error,
        replay=replay,
        version=handler.version,
    )


def skipped_run(handler: BoundHandler, *, now: int, replay: str) -> RunResult:
    """A run that the replay does not make, since the handler may never be repeated."""
    return unmade_run(handler, RunState.SKIPPED, finished_at=now, replay=replay)


def left_out_run(handler: BoundHandler, *, now: int) -> RunResult:
    """A run that waits from `now` on (ms) for its plugin, which was left out."""
    until = now + round(1000 * (handler.waits or 0))
    return replace(unmade_run(handler, RunState.RETRYING), next_at=until, left_out_at=now)


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
    if lane is None:
        return replace(unmade_run(handler, RunState.RETRYING, replay=replay), next_at=now)
    waiting = unmade_run(handler, RunState.WAITING, replay=replay)
    return replace(waiting, lane=lane, place=place)
