"""Runs that a drainer's stream no longer holds: who claims one, what came of it, and what happens
when that process dies. `workers.journal.claiming` says what a claim is.

Every function but the first works within the transaction of the connection that it is given, which
must be one for writing.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Select,
    Update,
    and_,
    not_,
    select,
    true,
    tuple_,
    update,
)

from comethooks.workers.journal.claiming import Claims, LostClaims
from comethooks.workers.journal.decisions import with_decisions
from comethooks.workers.journal.runs import past_attempts
from comethooks.workers.journal.runs.claimed_runs import (
    OF_RECORD,
    ClaimedRun,
    FreedRun,
    RunKey,
    key_in,
)
from comethooks.workers.journal.runs.waiting_lines import Line, release
from comethooks.workers.journal.settled import RunResult
from comethooks.workers.journal.tables.database import for_writing
from comethooks.workers.journal.tables.models import LIVE, events, replays, runs
from comethooks.workers.journal.tables.rows import Row, run_row, searchable
from comethooks.workers.journal.tables.statements import UpdateEach, chunks
from comethooks.workers.poison import died_text
from comethooks.workers.processes import ended_itself
from comethooks.workers.states import RunState

KEY = (runs.c.event_id, runs.c.handler, runs.c.replay)
_RESULT = (
    "state", "attempts", "started_at", "finished_at", "error", "traceback", "failed_in",
    "next_at", "version", "effects",
)  # fmt: skip
_CLAIMED = (
    select(
        *(*KEY, runs.c.attempts, runs.c.deaths, runs.c.lane, runs.c.left_out_at),
        *(events.c[name] for name in OF_RECORD),
    )
    .add_columns(events.c.size, events.c.headers, replays.c.dry_run)
    .join(events, events.c.id == runs.c.event_id)
    .outerjoin(replays, replays.c.name == runs.c.replay)
)
CLAIMS = Claims(
    runs,
    # While a run is claimed it is due to nobody, so one column, and its index, will do for both.
    expires_at=runs.c.next_at,
    claimed=and_(runs.c.state == RunState.RUNNING.value, runs.c.next_at.is_not(None)),
)
_KEYS = 200
"""Keys of one statement."""


def claim(
    engine: Engine, member: str, *, now: int, until: int, limit: int, alone: bool = False
) -> list[ClaimedRun]:
    """Claim for `member`, until `until`, at most `limit` due runs, the longest due first.

    With `alone`, one that may be poison and nothing else; without, none that may be. Nobody else is
    given the same ones.
    """
    died = runs.c.deaths > 0 if alone else runs.c.deaths == 0
    due = and_(runs.c.state == RunState.RETRYING.value, runs.c.next_at <= now, died)
    query = _CLAIMED.where(due).order_by(runs.c.next_at).limit(min(limit, 1) if alone else limit)
    claimed = {
        **CLAIMS.taken(member, until),
        "state": RunState.RUNNING.value,
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
            connection.execute(taking.where(among([run.key for run in found])))
        return found


def _take_unlocked(engine: Engine, query: Select[Any], taking: Update) -> list[ClaimedRun]:
    # In SQLite all others that write would wait while rows are read, which gives Python's global
    # lock away once a row. So they are read before, and again if somebody else changed one of them
    # meanwhile.
    while True:
        with engine.connect() as connection:
            found = _claimed(connection, query)
        if not found:
            return []
        with for_writing(engine).connect() as connection:
            if connection.execute(taking.where(among([run.key for run in found]))).rowcount == len(
                found
            ):
                connection.commit()
                return found


def _claimed(connection: Connection, query: Select[Any]) -> list[ClaimedRun]:
    found = [ClaimedRun.from_row(row._asdict()) for row in connection.execute(query)]
    records = with_decisions(connection, [run.record for run in found]) if found else []
    return [replace(run, record=record) for run, record in zip(found, records, strict=True)]


def finish(connection: Connection, member: str, results: Sequence[tuple[str, RunResult]]) -> int:
    """Write results, each with its event's id, of runs that `member` still has; returns how many.

    Where one of a line is done, the next becomes due.
    """
    rows = [run_row(event_id, result) for event_id, result in results]
    # A second one that does not count (`workers.plugins.retry.NotYet`) has the number of the first.
    several = [row for row in rows if row["attempts"] > 1 or row["state"] == RunState.RETRYING]
    if several:
        for chunk in chunks(sorted(_key_of(row) for row in rows), _KEYS):
            past_attempts.lock(connection, CLAIMS.held(member), among(chunk))
    for chunk in chunks([_key_of(row) for row in several], _KEYS):
        past_attempts.move(connection, CLAIMS.held(member), among(chunk))
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
    # Whoever lost its claim may still come with a result: the run is somebody else's by then.
    condition = f"runs.claim = ? AND runs.state = '{RunState.RUNNING.value}'"
    return UpdateEach(
        name,
        runs,
        _RESULT,
        also="claim = NULL, deaths = 0, left_out_at = NULL",
        condition=condition,
    )


def give_back(
    connection: Connection, member: str, keys: Sequence[RunKey], *, due_at: int, **more: Any
) -> None:
    """Make runs that `member` claimed and never started due then, as before the claim but for
    `more` columns.
    """
    values = {**_unclaimed(due_at), **more}
    for chunk in chunks(keys, _KEYS):
        connection.execute(update(runs).where(CLAIMS.held(member), among(chunk)).values(values))


def give_back_others(
    connection: Connection, lost: LostClaims, begun: Sequence[tuple[str, str]], *, now: int
) -> None:
    """Make due again, as before the claim, what a member that died was not at: `begun` are events
    and handlers of what it was.

    What it had isolated is among that when something else can have been why.
    """
    others: ColumnElement[bool] = runs.c.deaths == 0
    if begun:
        others = not_(tuple_(runs.c.event_id, runs.c.handler).in_(begun))
    elif ended_itself(lost.ending):
        others = true()
    connection.execute(update(runs).where(CLAIMS.lost(lost), others).values(_unclaimed(now)))


def _unclaimed(due_at: int) -> dict[str, Any]:
    return {
        "state": RunState.RETRYING.value,
        "claim": None,
        "next_at": due_at,
        "attempts": runs.c.attempts - 1,
    }


def lost_one(member: str, key: RunKey, ending: str) -> LostClaims:
    """The claim of `member` on one run, whose process ended so."""
    return LostClaims(member, ending, None, only=among([key]))


def free(connection: Connection, lost: LostClaims, *, now: int) -> list[FreedRun]:
    """Take `lost` away: each run is due again, to run alone, or dead as `workers.poison` says.

    That its process died is how the attempt ended.
    """
    of_them = CLAIMS.lost(lost)
    # In the order of keys, see `past_attempts.lock`.
    query = select(*KEY, runs.c.deaths).where(of_them).order_by(*KEY).with_for_update()
    found = connection.execute(query).all()
    past_attempts.move(connection, of_them)
    died = {
        "started_at": runs.c.claimed_at,
        "finished_at": now,
        "traceback": None,
        "failed_in": None,
        "effects": None,
    }
    due = {**died, "state": RunState.RETRYING.value, "error": died_text(lost.ending)}
    dead = {**died, "state": RunState.DEAD.value, "next_at": None}
    CLAIMS.free(connection, lost, now=now, due=due, poison=dead)
    for chunk in chunks([tuple(row[:3]) for row in found], _KEYS):
        past_attempts.forget_oldest(connection, chunk)
    return [
        FreedRun(key_in(event_id, handler, replay), dead=deaths >= lost.last_death)
        for event_id, handler, replay, deaths in found
    ]


def _key_of(row: Row) -> tuple[str, str, str]:
    return row["event_id"], row["handler"], row["replay"]


def among(keys: Sequence[tuple[str, str, str | None]]) -> ColumnElement[bool]:
    """Whether a run is one of those with these keys."""
    return tuple_(*KEY).in_(
        [(event_id, handler, replay or LIVE) for event_id, handler, replay in keys]
    )
