"""Runs whose handler was loaded nowhere that they could have run: its plugin was left out.

They are retrying, and due only at the end of the time that they may wait. As soon as somebody has
the handler they are put back: due at once. `left_out_at` says since when they wait; it stays until
an attempt is made, so that a run which goes to and fro between hosts does not wait for ever.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, and_, func, literal, select, tuple_, update

from comethooks.workers.journal.runs.claimed_runs import RunKey
from comethooks.workers.journal.runs.claims import KEY, give_back
from comethooks.workers.journal.tables.columns import Instant
from comethooks.workers.journal.tables.models import runs
from comethooks.workers.journal.tables.rows import searchable
from comethooks.workers.states import RunState

_PARKED = and_(runs.c.left_out_at.is_not(None), runs.c.state == RunState.RETRYING.value)


def park(
    connection: Connection, member: str, keys: Sequence[RunKey], *, now: int, until: int
) -> None:
    """Have runs that `member` claimed, and cannot make, wait until `until` (ms)."""
    left_out_at = func.coalesce(runs.c.left_out_at, literal(now, Instant))
    give_back(connection, member, keys, due_at=until, left_out_at=left_out_at)


def put_back(connection: Connection, handler: str, *, now: int, limit: int) -> int:
    """Make up to `limit` of the runs that wait for a handler due at `now`; how many these were."""
    found = (
        select(*KEY)
        .where(_PARKED, runs.c.handler == searchable(handler), runs.c.next_at > now)
        .limit(limit)
    )
    due = update(runs).where(_PARKED, tuple_(*KEY).in_(found)).values(next_at=now)
    return connection.execute(due).rowcount


def waiting(connection: Connection) -> Mapping[str, int]:
    """How many runs wait for each handler."""
    query = select(runs.c.handler, func.count()).where(_PARKED).group_by(runs.c.handler)
    return {row[0]: row[1] for row in connection.execute(query)}
