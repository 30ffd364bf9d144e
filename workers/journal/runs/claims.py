"""Runs that a drainer's stream no longer holds: who takes one, runs it, and what happens when that
process dies.

A claim is a compare-and-set in SQL. Whoever takes a run writes its name on it and a time until
which that holds; what it writes later counts only while its name is still there. Every function but
the first works within the transaction of the connection that it is given, which must be one for
writing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple, Self

import orjson
from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Select,
    Update,
    and_,
    func,
    select,
    tuple_,
    update,
)

from comethooks.workers.journal.runs import past_attempts
from comethooks.workers.journal.runs.waiting_lines import Line, release
from comethooks.workers.journal.settled import RunResult
from comethooks.workers.journal.tables.database import for_writing
from comethooks.workers.journal.tables.models import LIVE, Instant, events, replays, runs
from comethooks.workers.journal.tables.rows import Row, run_row, searchable
from comethooks.workers.journal.tables.statements import UpdateEach, chunks
from comethooks.workers.poison import deaths_allowed, died_text, killed_text
from comethooks.workers.record import Kind, Record
from comethooks.workers.states import RunState


class RunKey(NamedTuple):
    """What a run is found by; `replay` is None for a live one."""

    event_id: str
    handler: str
    replay: str | None = None


@dataclass(frozen=True, slots=True)
class ClaimedRun:
    """A run that was claimed, with the event that it is about.

    `attempt` is the number of the one to be made. A `suspect` was running when its process died: it
    may be what killed it.
    """

    record: Record
    handler: str
    replay: str | None
    attempt: int
    suspect: bool
    lane: str | None = None
    """Of an ordered handler's run: the line that it stands in, see
    `workers.journal.runs.waiting_lines`."""
    dry_run: bool = False
    """Whether it is part of a replay that is a dry run."""

    @property
    def key(self) -> RunKey:
        """What the run is found by."""
        return RunKey(self.record.id, self.handler, self.replay)

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """The run in a row of `runs` and `events` together, as it was before it was claimed."""
        record = Record(
            kind=Kind.EVENT,
            **{name: row[name] for name in _OF_RECORD},
            size=row["size"] or 0,
            headers=orjson.loads(row["headers"]),
        )
        key = _key(row["event_id"], row["handler"], row["replay"])
        return cls(
            record,
            *key[1:],
            attempt=row["attempts"] + 1,
            suspect=row["deaths"] > 0,
            lane=row["lane"],
            dry_run=bool(row["dry_run"]),
        )


class FreedRun(NamedTuple):
    """A run whose claim was taken away: due again, or, when `dead`, a dead letter."""

    key: RunKey
    dead: bool


class Claimant(NamedTuple):
    """A member that has claims, and when the first of them expires."""

    member: str
    expires_at: int


_OF_RECORD = (
    "id", "source", "trigger", "name", "app_id", "conversation_id", "sender",
    "occurred_at", "received_at", "body",
)  # fmt: skip
_KEY = (runs.c.event_id, runs.c.handler, runs.c.replay)
_RESULT = (
    "state", "attempts", "started_at", "finished_at", "error", "traceback", "next_at",
    "version", "effects",
)  # fmt: skip
_CLAIMED = (
    select(
        *_KEY, runs.c.attempts, runs.c.deaths, runs.c.lane, *(events.c[name] for name in _OF_RECORD)
    )
    .add_columns(events.c.size, events.c.headers, replays.c.dry_run)
    .join(events, events.c.id == runs.c.event_id)
    .outerjoin(replays, replays.c.name == runs.c.replay)
)
_RUNNING = and_(runs.c.state == RunState.RUNNING.value, runs.c.next_at.is_not(None))
"""Runs that are claimed, by the index of what is due."""
_KEYS = 200
"""Keys of one statement."""


def claim(
    engine: Engine, member: str, *, now: int, until: int, limit: int, alone: bool = False
) -> list[ClaimedRun]:
    """Claim for `member`, until `until`, at most `limit` due runs that are no suspects, the longest
    due first.

    With `alone`, one suspect and nothing else. Nobody else is given the same ones.
    """
    suspect = runs.c.deaths > 0 if alone else runs.c.deaths == 0
    due = and_(runs.c.state == RunState.RETRYING.value, runs.c.next_at <= now, suspect)
    query = _CLAIMED.where(due).order_by(runs.c.next_at).limit(min(limit, 1) if alone else limit)
    claimed = {
        "state": RunState.RUNNING.value,
        "claim": searchable(member),
        "next_at": until,
        "attempts": runs.c.attempts + 1,
        "claimed_at": now,
    }
    taking = update(runs).where(due).values(claimed)
    take = _take_unlocked if engine.dialect.name == "sqlite" else _take_locked
    return take(engine, query, taking)


def _take_locked(engine: Engine, query: Select[Any], taking: Update) -> list[ClaimedRun]:
    # Several hosts ask at once: each passes over what another one is about to take.
    with engine.begin() as connection:
        found = _claimed(connection, query.with_for_update(of=runs, skip_locked=True))
        if found:
            connection.execute(taking.where(_among([run.key for run in found])))
        return found


def _take_unlocked(engine: Engine, query: Select[Any], taking: Update) -> list[ClaimedRun]:
    # In SQLite all others that write would wait while rows are read, which gives Python's global
    # lock away once a row. So they are read before, and anew if somebody else changed one of them
    # meanwhile.
    while True:
        with engine.connect() as connection:
            found = _claimed(connection, query)
        if not found:
            return []
        with for_writing(engine).connect() as connection:
            if connection.execute(taking.where(_among([run.key for run in found]))).rowcount == len(
                found
            ):
                connection.commit()
                return found


def _claimed(connection: Connection, query: Select[Any]) -> list[ClaimedRun]:
    return [ClaimedRun.from_row(row._asdict()) for row in connection.execute(query)]


def finish(connection: Connection, member: str, results: Sequence[tuple[str, RunResult]]) -> int:
    """Write the results of runs, each with its event's id, that `member` still has; how many it
    had.

    Where one of a line is done, the next becomes due.
    """
    rows = [run_row(event_id, result) for event_id, result in results]
    # A second one that does not count (`workers.plugins.retry.NotYet`) has the number of the first.
    several = [row for row in rows if row["attempts"] > 1 or row["state"] == RunState.RETRYING]
    if several:
        for chunk in chunks(sorted(_key_of(row) for row in rows), _KEYS):
            past_attempts.lock(connection, _claimed_by(member), _among(chunk))
    for chunk in chunks([_key_of(row) for row in several], _KEYS):
        past_attempts.move(connection, _claimed_by(member), _among(chunk))
    had = _finishing(connection.dialect.name).execute(connection, rows, [searchable(member)])
    past_attempts.forget_oldest(
        connection, [_key_of(row) for row in rows if row["attempts"] > past_attempts.MOST_KEPT]
    )
    done = [result for _, result in results if result.lane and result.state is RunState.DONE]
    freed = {Line(searchable(result.handler) or "", result.lane or "") for result in done}
    release(connection, freed, now=max((result.finished_at or 0 for result in done), default=0))
    return had


@cache
def _finishing(name: str) -> UpdateEach:
    condition = f"runs.claim = ? AND runs.state = '{RunState.RUNNING.value}'"
    return UpdateEach(name, runs, _RESULT, also="claim = NULL, deaths = 0", condition=condition)


def renew(connection: Connection, member: str, until: int) -> int:
    """Let all that `member` has claimed be its until `until`; how many these are."""
    return connection.execute(
        update(runs).where(_claimed_by(member)).values(next_at=until)
    ).rowcount


def give_back(connection: Connection, member: str, keys: Sequence[RunKey], *, now: int) -> None:
    """Make runs that `member` claimed and never started due again, as if they had not been
    claimed.
    """
    unclaimed = {**_due(now), "attempts": runs.c.attempts - 1}
    for chunk in chunks(keys, _KEYS):
        connection.execute(update(runs).where(_claimed_by(member), _among(chunk)).values(unclaimed))


def claimants(connection: Connection) -> list[Claimant]:
    """Everybody who has claims."""
    expires_at = func.min(runs.c.next_at, type_=Instant)
    query = (
        select(runs.c.claim, expires_at)
        .where(_RUNNING, runs.c.claim.is_not(None))
        .group_by(runs.c.claim)
    )
    return [Claimant(*row) for row in connection.execute(query)]


def free(
    connection: Connection, member: str, *, ending: str | None, now: int, expired: int | None = None
) -> list[FreedRun]:
    """Take from `member` its claims, or only those that expired by `expired`; `ending` is how its
    process ended.

    Each is due again, to run alone, until it has died as often as `workers.poison` allows: then it
    is dead. That its process died is how the attempt ended.
    """
    taken = (
        _claimed_by(member)
        if expired is None
        else and_(_claimed_by(member), runs.c.next_at <= expired)
    )
    query = (
        select(*_KEY, runs.c.deaths).where(taken).order_by(*_KEY).with_for_update()
    )  # see `past_attempts.lock`
    found = connection.execute(query).all()
    past_attempts.move(connection, taken)
    last = deaths_allowed(ending) - 1
    died = {
        "deaths": runs.c.deaths + 1,
        "started_at": runs.c.claimed_at,
        "finished_at": now,
        "traceback": None,
        "effects": None,
    }
    due = {**died, **_due(now), "error": died_text(ending)}
    dead = {**due, "state": RunState.DEAD.value, "next_at": None, "error": killed_text(ending)}
    connection.execute(update(runs).where(taken, runs.c.deaths >= last).values(dead))
    connection.execute(update(runs).where(taken, runs.c.deaths < last).values(due))
    for chunk in chunks([tuple(row[:3]) for row in found], _KEYS):
        past_attempts.forget_oldest(connection, chunk)
    return [
        FreedRun(_key(event_id, handler, replay), deaths >= last)
        for event_id, handler, replay, deaths in found
    ]


def _due(now: int) -> dict[str, Any]:
    return {"state": RunState.RETRYING.value, "claim": None, "next_at": now}


def _key(event_id: str, handler: str, replay: str) -> RunKey:
    return RunKey(event_id, handler, replay or None)


def _key_of(row: Row) -> tuple[str, str, str]:
    return row["event_id"], row["handler"], row["replay"]


def _claimed_by(member: str) -> ColumnElement[bool]:
    return and_(_RUNNING, runs.c.claim == searchable(member))


def _among(keys: Sequence[tuple[str, str, str | None]]) -> ColumnElement[bool]:
    return tuple_(*_KEY).in_(
        [(event_id, handler, replay or LIVE) for event_id, handler, replay in keys]
    )
