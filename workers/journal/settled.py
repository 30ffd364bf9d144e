"""What the drainer hands to the journal."""

from comethooks.workers.record import Record
from comethooks.workers.states import AttemptState, RunState
from comethooks.workers.unchanging import unchanging


@unchanging()
class Attempt:
    """One attempt of a run, counted from 1. Times are milliseconds, None when not known.

    One that failed has an error, in one line; of one that ended with its process no effects are
    known.
    """

    number: int
    started_at: int | None
    finished_at: int | None
    error: str | None
    effects: tuple[str, ...] = ()
    state: AttemptState = AttemptState.FAILED


@unchanging()
class RunResult:
    """How one handler's run on one event stands. Times are milliseconds since the epoch.

    `error` is one line ("ValueError: no such user"); `replay` is None for a live run; `next_at` is
    when a retrying one is due; `version` is that of the plugin that ran; `effects` are lines that
    say what it did to the outside.
    """

    handler: str
    state: RunState
    attempts: int
    started_at: int | None
    finished_at: int | None
    error: str | None = None
    traceback: str | None = None
    failed_in: str | None = None
    """`file:line` of the plugin at which it failed."""
    replay: str | None = None
    next_at: int | None = None
    version: str | None = None
    effects: tuple[str, ...] = ()
    earlier: tuple[Attempt, ...] = ()
    """Attempts before this one that are not in the journal: those that ended with their process."""
    lane: str | None = None
    """Of an ordered handler's run that is not done: the line that it stands in, see
    `workers.journal.runs.waiting_lines`."""
    place: int | None = None
    """Its place there: what was accepted later has a higher one."""
    left_out_at: int | None = None
    """Since when it waits for its plugin, which was not loaded (ms)."""


@unchanging()
class Settled:
    """A record that nothing more happens to in its stream, with the runs of it when it is an event.

    `partition` is None for an event that was in no stream, because it was imported.
    """

    record: Record
    runs: tuple[RunResult, ...]
    partition: int | None
