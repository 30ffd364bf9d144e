"""Attempts: a row of `runs` tells of the last one, and of those before there is a row of `attempts`
each.

A run that ends well at once, as nearly all do, has none there. The last one is moved there in the
transaction that writes the next one; that of a dismissed run is there, too, since the row says when
it was dismissed.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, select, tuple_

from comethooks.workers.journal.settled import Attempt
from comethooks.workers.journal.tables.models import attempts, runs
from comethooks.workers.journal.tables.statements import INSERT
from comethooks.workers.states import AttemptState, RunState

MOST_KEPT = 20
"""Attempts that are known of a run, the last one too."""

_KEY = ("event_id", "handler", "replay")


def lock(connection: Connection, *chosen: ColumnElement[bool]) -> None:
    """Have the rows of runs that meet all of `chosen` for oneself until the end of the transaction.

    Whoever keeps attempts does this first, and everybody in the order of keys, so that no two wait
    for each other. In SQLite one that writes is alone anyway.
    """
    if connection.dialect.name != "sqlite":
        key = [runs.c[name] for name in _KEY]
        connection.execute(select(*key).where(*chosen).order_by(*key).with_for_update(of=runs))


def move(connection: Connection, *claimed: ColumnElement[bool]) -> None:
    """Keep what the rows of `runs` tell that meet all of `claimed`, before it is overwritten.

    Those are runs that somebody has claimed, and that have had an attempt before.
    """
    _keep(connection, runs.c.attempts - 1, claimed)


def keep_last(connection: Connection, *chosen: ColumnElement[bool]) -> None:
    """Keep the last attempts of runs that meet all of `chosen`, before their end is overwritten."""
    _keep(connection, runs.c.attempts, chosen)


def _keep(
    connection: Connection, number: ColumnElement[int], conditions: Sequence[ColumnElement[bool]]
) -> None:
    kept = select(
        runs.c.event_id,
        runs.c.handler,
        runs.c.replay,
        number,
        runs.c.started_at,
        runs.c.finished_at,
        runs.c.error,
        runs.c.effects,
    ).where(*conditions, number > 0)
    insert = INSERT[connection.dialect.name](attempts).from_select(attempts.c.keys(), kept)
    connection.execute(insert.on_conflict_do_nothing())


def forget_oldest(connection: Connection, keys: Sequence[tuple[str, str, str]]) -> None:
    """Of runs, by the columns of their key, forget what is more than `MOST_KEPT`."""
    same = [attempts.c[name] == runs.c[name] for name in _KEY]
    made = select(runs.c.attempts).where(*same).correlate(attempts).scalar_subquery()
    of_them = tuple_(*(attempts.c[name] for name in _KEY)).in_(keys)
    connection.execute(delete(attempts).where(of_them, attempts.c.number <= made - MOST_KEPT))


def before_last(
    connection: Connection, event_ids: Collection[str], *, effects: bool
) -> Mapping[tuple[str, str, str], list[Attempt]]:
    """The attempts before the last one of the runs on these events, in order, by the run's key."""
    columns = [column for column in attempts.c if effects or column is not attempts.c.effects]
    query = (
        select(*columns).where(attempts.c.event_id.in_(event_ids)).order_by(*attempts.primary_key)
    )
    found: defaultdict[tuple[str, str, str], list[Attempt]] = defaultdict(list)
    for row in connection.execute(query).mappings():
        attempt = Attempt(
            row["number"], row["started_at"], row["finished_at"], row["error"], effects_in(row)
        )
        found[row["event_id"], row["handler"], row["replay"]].append(attempt)
    return found


def all_of(
    row: Mapping[str, Any], state: RunState, earlier: Sequence[Attempt]
) -> tuple[Attempt, ...]:
    """All attempts of the run in a row of `runs`, with those before the last one."""
    running = state is RunState.RUNNING
    made = [*earlier]
    number = row["attempts"] - running
    if number and not any(each.number == number for each in earlier):
        ended = AttemptState.DONE if state is RunState.DONE else AttemptState.FAILED
        times = row["started_at"], row["finished_at"]
        made.append(Attempt(number, *times, row["error"], effects_in(row), ended))
    if running:
        made.append(
            Attempt(row["attempts"], row["claimed_at"], None, None, state=AttemptState.RUNNING)
        )
    return tuple(made)


def effects_in(row: Mapping[Any, Any]) -> tuple[str, ...]:
    """The effects in a row; none when they were not asked for."""
    return tuple(json.loads(row["effects"])) if row.get("effects") else ()
