"""What somebody decides about runs: to have them tried again, or to be done with them.

Both leave a run alone that is running, and say how many they changed.
"""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Engine, and_, func, not_, update

from workers.journal.database import for_writing
from workers.journal.models import events, runs
from workers.journal.queries import Condition, Filter, chosen_runs, run_conditions
from workers.journal.statements import chunks
from workers.states import RunState

RETRYABLE = (RunState.DEAD, RunState.DISMISSED, RunState.RETRYING)
"""The states of runs that can be tried again at once."""
DISMISSABLE = (RunState.DEAD, RunState.RETRYING, RunState.WAITING)
"""The states of runs that can be dismissed."""

_EVENTS = 500
"""Events of one transaction: others that write wait for it."""
_WITHOUT_BODY: Condition = and_(events.c.size > 0, func.length(events.c.body) == 0)


def retry(engine: Engine, asked: Filter, now: int) -> int:
    """Make the runs that `asked` describes due at `now`, as if their process had never died.

    Those whose event has lost its body to retention cannot run any more and stay as they are.
    """
    due = {"state": RunState.RETRYING.value, "next_at": now, "claim": None, "deaths": 0}
    return _change(engine, asked, RETRYABLE, due, not_(_WITHOUT_BODY))


def dismiss(engine: Engine, asked: Filter, now: int) -> int:
    """Dismiss the runs that `asked` describes; `now` is then when they were finished."""
    dismissed = {"state": RunState.DISMISSED.value, "next_at": None, "finished_at": now}
    return _change(engine, asked, DISMISSABLE, dismissed)


def _change(
    engine: Engine, asked: Filter, states: Collection[RunState], values: dict[str, Any], *more: Condition
) -> int:
    # First who is meant, once: what is asked about an event's status changes with its runs.
    with engine.connect() as connection:
        query = chosen_runs(asked, states, runs.c.event_id).where(*more).distinct().order_by(runs.c.event_id)
        event_ids = connection.scalars(query).all()
    return sum(_change_of(engine, chunk, asked, states, values) for chunk in chunks(event_ids, _EVENTS))


def _change_of(
    engine: Engine,
    event_ids: Sequence[str],
    asked: Filter,
    states: Collection[RunState],
    values: dict[str, Any],
) -> int:
    wanted = runs.c.state.in_([state.value for state in states if asked.state in (None, state)])
    statement = update(runs).where(runs.c.event_id.in_(event_ids), wanted, *run_conditions(asked))
    with for_writing(engine).begin() as connection:
        return connection.execute(statement.values(values)).rowcount
