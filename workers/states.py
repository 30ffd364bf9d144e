"""The states of runs and of events, each an enumeration, and the one function that derives the
second.
"""

from collections.abc import Iterable
from enum import StrEnum

from comethooks.schemas import DecisionAction as DecisionAction


class RunState(StrEnum):
    """What became of one handler applied to one event."""

    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    RETRYING = "retrying"
    WAITING = "waiting"
    DEAD = "dead"
    DISMISSED = "dismissed"
    SKIPPED = "skipped"


class RunMode(StrEnum):
    """Why a run was made, and whether it did anything."""

    LIVE = "live"
    """Its event came in."""
    REPLAY = "replay"
    DRY = "dry"
    """In a replay that only records what handlers would have done. What fails is no dead letter."""


def run_mode(replay: str | None, *, dry_run: bool) -> RunMode:
    """The mode of a run of that replay, which may be a `dry_run`; None is no replay."""
    if replay is None:
        return RunMode.LIVE
    return RunMode.DRY if dry_run else RunMode.REPLAY


class AttemptState(StrEnum):
    """What became of one attempt of a run."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class EventStatus(StrEnum):
    """What became of an event as a whole."""

    QUEUED = "queued"
    DONE = "done"
    RETRYING = "retrying"
    DEAD = "dead"
    REPLAYED = "replayed"
    """No handler matched when it came in; since then a replay has run one, and well."""
    UNHANDLED = "unhandled"


_STATUS_OF = {
    RunState.PENDING: EventStatus.QUEUED,
    RunState.RUNNING: EventStatus.QUEUED,
    RunState.DONE: EventStatus.DONE,
    RunState.RETRYING: EventStatus.RETRYING,
    RunState.WAITING: EventStatus.RETRYING,
    RunState.DEAD: EventStatus.DEAD,
    RunState.DISMISSED: EventStatus.DONE,
    RunState.SKIPPED: EventStatus.DONE,
}
_WORST_FIRST = (EventStatus.DEAD, EventStatus.RETRYING, EventStatus.QUEUED, EventStatus.DONE)


def event_status(live: Iterable[RunState], replayed: Iterable[RunState] = ()) -> EventStatus:
    """The status of a journalled event from the states of its live runs: the worst of them.

    An event without a live run is `unhandled`: it is kept, and no handler matched it. It is
    `replayed` when one of its runs in replays is done; dry runs are not among those.
    """
    statuses = {_STATUS_OF[state] for state in live}
    if not statuses:
        return EventStatus.REPLAYED if RunState.DONE in replayed else EventStatus.UNHANDLED
    return next(status for status in _WORST_FIRST if status in statuses)


class ReplayState(StrEnum):
    """How a replay stands. One that stopped or failed can go on."""

    STAGING = "staging"
    """The file is being read that says which events it is about."""
    RUNNING = "running"
    STOPPED = "stopped"
    DONE = "done"
    FAILED = "failed"


class OnceState(StrEnum):
    """What is known of a side effect that is to happen at most once."""

    PROGRESS = "progress"
    DONE = "done"
    UNKNOWN = "unknown"
    """Its process ended, or its request failed, at a time when it may have happened or not."""
