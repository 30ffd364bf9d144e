"""Forgetting a replay: it and its runs are deleted. What it did stays done."""

from sqlalchemy import ColumnElement, Connection, Engine, Table, and_, delete, select, tuple_

from comethooks.workers.journal.errors import translated
from comethooks.workers.journal.replaying.replay_results import of_replay
from comethooks.workers.journal.runs import past_attempts
from comethooks.workers.journal.tables.database import for_writing
from comethooks.workers.journal.tables.models import attempts, replay_events, replays, runs
from comethooks.workers.states import ReplayState

_STEP = 500
"""Runs of one transaction: whoever else writes waits for no more than that."""


def forget(engine: Engine, name: str) -> int | None:
    """What `Replays.forget` does."""
    forgotten = 0
    with translated():
        while True:
            with for_writing(engine).begin() as connection:
                if not _is_idle(connection, name):
                    return None
                deleted = _delete_runs(connection, name)
                if not deleted:
                    # Last: as long as it is there it tells which runs are those of a dry run.
                    connection.execute(delete(replays).where(replays.c.name == name))
                    connection.execute(delete(replay_events).where(replay_events.c.replay == name))
                    return forgotten
            forgotten += deleted


def _is_idle(connection: Connection, name: str) -> bool:
    idle = and_(
        replays.c.name == name,
        replays.c.state != ReplayState.RUNNING.value,
        replays.c.claim.is_(None),
    )
    # Locked, so that nobody lets it go on before this transaction has ended.
    return connection.scalar(select(replays.c.name).where(idle).with_for_update()) is not None


def _delete_runs(connection: Connection, name: str) -> int:
    query = select(runs.c.event_id, runs.c.handler).where(of_replay(name)).limit(_STEP)
    keys = [tuple(row) for row in connection.execute(query)]
    past_attempts.lock(connection, _among(runs, keys, name))
    for table in (attempts, runs):
        connection.execute(delete(table).where(_among(table, keys, name)))
    return len(keys)


def _among(table: Table, keys: list[tuple[str, str]], name: str) -> ColumnElement[bool]:
    return and_(tuple_(table.c.event_id, table.c.handler).in_(keys), table.c.replay == name)
