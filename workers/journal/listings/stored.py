"""What the journal gives back: events, runs and requests, and their JSON.

Times are milliseconds since the epoch, in JSON ISO 8601 in UTC. A body is there if it was asked for
and is still kept.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import orjson

from comethooks.workers.journal.decisions import UNDECIDED, StoredDecision
from comethooks.workers.journal.runs.past_attempts import all_of, effects_in
from comethooks.workers.journal.settled import Attempt
from comethooks.workers.journal.tables.models import Outcome
from comethooks.workers.journal.tables.rows import event_row, request_row
from comethooks.workers.journal.times import iso
from comethooks.workers.record import MISFIT, Kind, Record, Vote
from comethooks.workers.states import DecisionAction, EventStatus, RunMode, RunState, event_status

LEFT_OUT = "its plugin was left out"
"""What is said of a run that waits for its plugin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDuplicates:
    """How often an event came again; when it did last, and as which request."""

    count: int = 0
    last_at: int | None = None
    last_request_id: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The object under `duplicates`."""
        return {
            "count": self.count,
            "last_at": _iso(self.last_at),
            "last_request_id": self.last_request_id,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRun:
    """One handler's run on one event; `replay` is None for a live one.

    `traceback`, `effects` and `attempts_made` are there if they were asked for. `error`,
    `traceback` and `effects` are those of the last attempt that ended. `next_at` is when a retrying
    run is due, `version` the version of the plugin that ran.
    """

    event_id: str
    handler: str
    replay: str | None
    state: RunState
    attempts: int
    started_at: int | None
    finished_at: int | None
    error: str | None
    next_at: int | None
    version: str | None
    mode: RunMode = RunMode.LIVE
    failed_in: str | None = None
    """`file:line` of the plugin at which the last attempt that ended failed."""
    traceback: str | None = None
    effects: tuple[str, ...] = ()
    attempts_made: tuple[Attempt, ...] = ()
    """The last 20 attempts, oldest first, with the one that is being made."""
    waits_for: str | None = None
    """Of a waiting run: the event on which the same handler has to be done first."""
    left_out_at: int | None = None
    """Since when it waits for its plugin, which was left out; `error` says so, too."""

    @classmethod
    def from_row(cls, row: Mapping[str, Any], earlier: Sequence[Attempt] | None = None) -> Self:
        """The run in a row of `runs`; `earlier` are its attempts before the last, if asked for."""
        state = RunState(row["state"])
        claimed_at = row["claimed_at"]
        known = {
            **row,
            "replay": row["replay"] or None,
            "state": state,
            "mode": RunMode(row["mode"]),
            "next_at": row["next_at"] if state is RunState.RETRYING else None,
            "effects": effects_in(row),
            "attempts_made": () if earlier is None else all_of(row, state, earlier),
        }
        del known["claimed_at"]
        if row["left_out_at"] is not None and state is RunState.RETRYING:
            before = f"; before: {row['error']}" if row["error"] else ""
            known["error"] = f"{LEFT_OUT}{before}"
        if state is RunState.RUNNING:  # what the row has of an attempt is about the one before
            known |= {"started_at": claimed_at, "finished_at": None}
        return cls(**known)

    @property
    def failed(self) -> bool:
        """Whether it has failed and is not done since."""
        has_run = self.attempts > 0 or self.left_out_at is None
        return self.error is not None and self.state is not RunState.DONE and has_run

    def as_json(self) -> dict[str, Any]:
        """A run by itself, without its traceback."""
        return {
            "event_id": self.event_id,
            **self.summary(),
            "started_at": _iso(self.started_at),
            "finished_at": _iso(self.finished_at),
            "next_at": _iso(self.next_at),
            "version": self.version,
            "waits_for": self.waits_for,
            "left_out_at": _iso(self.left_out_at),
        }

    def summary(self) -> dict[str, Any]:
        """A run within its event."""
        return {
            "handler": self.handler,
            "state": self.state.value,
            "attempts": self.attempts,
            "error": self.error,
            "replay": self.replay,
            "dry_run": self.mode is RunMode.DRY,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent:
    """An event, in the journal or still in its stream, with its runs."""

    id: str
    source: str
    trigger: str | None
    name: str | None
    app_id: str | None
    conversation_id: str | None
    sender: str | None
    occurred_at: int | None
    received_at: int
    partition: int | None
    size: int | None
    headers: Mapping[str, str]
    status: EventStatus
    runs: tuple[StoredRun, ...] = ()
    duplicates: StoredDuplicates = StoredDuplicates()
    decision: DecisionAction | None = None
    """What was decided on a message in flight; None if nobody decided."""
    votes: tuple[Vote, ...] = ()
    body: bytes | None = None
    spooled: bool = False
    """Whether it waits in the spool of this host until Redis takes it."""

    @property
    def misfit(self) -> tuple[str, ...]:
        """Where its body lacks what its trigger cannot be without; empty when it fits."""
        return tuple(filter(None, self.headers.get(MISFIT, "").split(", ")))

    @classmethod
    def from_row(
        cls,
        row: Mapping[str, Any],
        runs: Iterable[StoredRun],
        duplicates: StoredDuplicates,
        decided: StoredDecision = UNDECIDED,
    ) -> Self:
        """The event in a row of `events`, with the status that follows from its runs."""
        runs = tuple(runs)
        live, replayed = (
            [run.state for run in runs if run.mode is mode]
            for mode in (RunMode.LIVE, RunMode.REPLAY)
        )
        status = event_status(live, replayed)
        headers = orjson.loads(row["headers"])
        known = {**row, **decided._asdict(), "headers": headers, "body": _body(row)}
        return cls(**known, status=status, runs=runs, duplicates=duplicates)

    @classmethod
    def from_record(cls, record: Record, partition: int | None) -> Self:
        """The event that a record in a stream will be: with the same text, queued, without runs.
        One in a spool has no partition yet.
        """
        row = event_row(record, partition)
        decided = {"decision": record.decision, "votes": record.votes}
        headers = orjson.loads(row["headers"])
        known = {**row, **decided, "headers": headers, "spooled": partition is None}
        return cls(**known, status=EventStatus.QUEUED)

    @property
    def record(self) -> Record:
        """What handlers are chosen by and get, as far as it is still kept."""
        return Record(
            kind=Kind.EVENT,
            id=self.id,
            received_at=self.received_at,
            source=self.source,
            trigger=self.trigger,
            name=self.name,
            app_id=self.app_id,
            conversation_id=self.conversation_id,
            sender=self.sender,
            occurred_at=self.occurred_at,
            size=self.size or 0,
            headers=self.headers,
            body=self.body or b"",
            decision=self.decision,
            votes=self.votes,
        )

    def as_json(self) -> dict[str, Any]:
        """The event in a listing."""
        return {
            "id": self.id,
            "trigger": self.trigger,
            "name": self.name,
            "source": self.source,
            "app_id": self.app_id,
            "conversation_id": self.conversation_id,
            "sender": self.sender,
            "occurred_at": _iso(self.occurred_at),
            "received_at": iso(self.received_at),
            "status": self.status.value,
            "decision": None if self.decision is None else self.decision.value,
            "votes": [vote.as_json() for vote in self.votes],
            "runs": [run.summary() for run in self.runs],
            "duplicates": self.duplicates.as_json(),
        }


class StoredBody(NamedTuple):
    """The body of an event, and whose it is."""

    app_id: str | None
    conversation_id: str | None
    sender: str | None
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRequest:
    """A request that was kept, whatever became of it.

    `event_id` is the event that it became or repeats; `errors` maps dotted paths in the body to
    messages.
    """

    id: str
    received_at: int
    outcome: Outcome
    status: int | None
    reason: str | None
    errors: Mapping[str, Any] | None
    source: str
    trigger: str | None
    app_id: str | None
    event_id: str | None
    headers: Mapping[str, str]
    size: int | None
    body: bytes | None = None
    spooled: bool = False
    """Whether it waits in the spool of this host until Redis takes it."""

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """The request in a row of `requests`, or in one of `events` that has the same columns."""
        errors = row["errors"]
        return cls(
            **{
                **row,
                "outcome": Outcome(row["outcome"]),
                "errors": None if errors is None else orjson.loads(errors),
                "headers": orjson.loads(row["headers"]),
                "body": _body(row),
            }
        )

    @classmethod
    def from_record(cls, record: Record) -> Self:
        """The request behind a record that is still in its stream."""
        return cls.from_row(request_row(record))

    def as_json(self) -> dict[str, Any]:
        """The request in a listing."""
        return {
            "id": self.id,
            "received_at": iso(self.received_at),
            "outcome": self.outcome.value,
            "status": self.status,
            "reason": self.reason,
            "errors": self.errors,
            "source": self.source,
            "trigger": self.trigger,
            "app_id": self.app_id,
            "event_id": self.event_id,
            "headers": dict(self.headers),
            "size": self.size,
        }


def _body(row: Mapping[str, Any]) -> bytes | None:
    # The body of an event cannot be NULL; one that is dropped is empty, and `size` says that it was
    # not.
    body: bytes | None = row.get("body")
    return body if body or not row["size"] else None


def _iso(ms: int | None) -> str | None:
    return None if ms is None else iso(ms)
