"""What somebody does about runs: to have them tried again, to be done with them, or to let later
ones go on.

All leave a run alone that is running, and say how many they changed. What they do to the lines of
ordered handlers is in `workers.journal.runs.waiting_lines`.
"""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, and_, delete, func, not_, update

from comethooks.workers.journal.listings.filters import Filter
from comethooks.workers.journal.listings.queries import Condition
from comethooks.workers.journal.runs import past_attempts
from comethooks.workers.journal.runs.waiting_lines import fall_in, lines_of, release
from comethooks.workers.journal.tables.database import for_writing
from comethooks.workers.journal.tables.models import attempts, events, runs
from comethooks.workers.journal.tables.rows import searchable
from comethooks.workers.journal.tables.statements import chunks
from comethooks.workers.states import RunState

RETRYABLE = (RunState.DEAD, RunState.DISMISSED, RunState.RETRYING)
"""The states of runs that can be tried again at once."""
DISMISSABLE = (RunState.DEAD, RunState.RETRYING, RunState.WAITING)
"""The states of runs that can be dismissed."""
UNBLOCKABLE = (RunState.DEAD, RunState.RETRYING)
"""The states of runs of ordered handlers that later ones can be told not to wait for."""

_EVENTS = 500
"""Events of one transaction: others that write wait for it."""
_WITHOUT_BODY: Condition = and_(events.c.size > 0, func.length(events.c.body) == 0)
_OUT_OF_LINE: dict[str, Any] = {"lane": None, "place": None}


def retry(engine: Engine, asked: Filter, now: int) -> int:
    """Make the runs that `asked` describes due at `now`, as if their process had never died.

    Those whose event has lost its body to retention cannot run any more and stay as they are. One
    that stands in a line waits until it is the first.
    """
    due = {"state": RunState.RETRYING.value, "next_at": now, "claim": None, "deaths": 0}
    due["left_out_at"] = None
    return _change(engine, asked, RETRYABLE, due, not_(_WITHOUT_BODY), now=now)


def dismiss(engine: Engine, asked: Filter, now: int) -> int:
    """Dismiss the runs that `asked` describes, finished at `now`. They leave their lines."""
    dismissed = {
        "state": RunState.DISMISSED.value,
        "next_at": None,
        "finished_at": now,
        "left_out_at": None,
        **_OUT_OF_LINE,
    }
    return _change(engine, asked, DISMISSABLE, dismissed, now=now)


def unblock(engine: Engine, asked: Filter, now: int) -> int:
    """Let later runs pass those that `asked` describes: they leave their lines, and stay what they
    are.

    Only for an `asked` that is for runs which hold up others.
    """
    return _change(engine, asked, UNBLOCKABLE, _OUT_OF_LINE, now=now)


def forget(connection: Connection, asked: Filter) -> None:
    """Delete the runs that `asked` describes by event, handler and replay, and their attempts."""
    for table in (attempts, runs):
        wanted = {
            table.c.event_id: asked.event_id,
            table.c.handler: searchable(asked.handler),
            table.c.replay: searchable(asked.replay),
        }
        conditions = [column == value for column, value in wanted.items() if value is not None]
        connection.execute(delete(table).where(*conditions))


def _change(
    engine: Engine,
    asked: Filter,
    states: Collection[RunState],
    values: dict[str, Any],
    *more: Condition,
    now: int,
) -> int:
    # First who is meant, once: what is asked about an event's status changes with its runs.
    with engine.connect() as connection:
        query = (
            asked.chosen_runs(states, runs.c.event_id)
            .where(*more)
            .distinct()
            .order_by(runs.c.event_id)
        )
        event_ids = connection.scalars(query).all()
    return sum(
        _change_of(engine, chunk, asked, states, values, now=now)
        for chunk in chunks(event_ids, _EVENTS)
    )


def _change_of(
    engine: Engine,
    event_ids: Sequence[str],
    asked: Filter,
    states: Collection[RunState],
    values: dict[str, Any],
    *,
    now: int,
) -> int:
    state = runs.c.state.in_([state.value for state in states if asked.state in (None, state)])
    wanted = (runs.c.event_id.in_(event_ids), state, *asked.run_conditions())
    with for_writing(engine).begin() as connection:
        past_attempts.lock(connection, *wanted)
        if "finished_at" in values:
            past_attempts.keep_last(connection, *wanted)
        lines = lines_of(connection, *wanted)
        changed = connection.execute(update(runs).where(*wanted).values(values)).rowcount
        if lines:
            fall_in(connection, event_ids)
            release(connection, lines, now=now)
        return changed
