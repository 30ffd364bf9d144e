"""The states of runs and of events, each an enumeration, and the one function that derives the
second.
"""

from collections.abc import Iterable
from enum import StrEnum


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


def event_status(runs: Iterable[RunState]) -> EventStatus:
    """The status of a journalled event from the states of its live runs: the worst of them.

    An event without a run is `unhandled`: it is kept, and no handler matched it.
    """
    statuses = {_STATUS_OF[state] for state in runs}
    return next((status for status in _WORST_FIRST if status in statuses), EventStatus.UNHANDLED)


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
