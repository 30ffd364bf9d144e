"""Which runs are those of replays, and which of dry runs, for SQL."""

from sqlalchemy import ColumnElement, and_, case, false, func, literal_column, not_, or_, select

from comethooks.workers.journal.tables.models import LIVE, replays, runs
from comethooks.workers.states import RunMode, RunState

REPLAYED: ColumnElement[bool] = runs.c.replay != literal_column(f"'{LIVE}'")
"""The condition of a partial index, word for word: without it, SQL would look at all live runs."""
# A lookup for each run that is not live, and not a list of names: PostgreSQL then still begins with
# the index of runs that are not done.
_DRY = func.coalesce(
    select(replays.c.dry_run)
    .where(replays.c.name == runs.c.replay)
    .correlate(runs)
    .scalar_subquery(),
    false(),
)
OF_DRY_RUN = and_(REPLAYED, _DRY)
"""Whether a run is part of a dry run."""
NO_DRY_RUN = or_(not_(REPLAYED), not_(_DRY))
ENDED_DRY = and_(OF_DRY_RUN, runs.c.state.in_([RunState.DEAD.value, RunState.WAITING.value]))
"""Whether it failed in one, or waits for one that did: nobody is asked to decide about that, so it
is as good as done.
"""
MODE: ColumnElement[str] = case(
    (runs.c.replay == LIVE, RunMode.LIVE.value),
    (OF_DRY_RUN, RunMode.DRY.value),
    else_=RunMode.REPLAY.value,
)
"""The mode of a run, for its event's status and for the metrics."""
