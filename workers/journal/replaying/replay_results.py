"""What became of the runs of replays, and what those of a dry run would have done."""

from collections.abc import Iterator, Mapping

import orjson
from sqlalchemy import ColumnElement, Engine, and_, func, select

from comethooks.workers.journal.listings.queries import in_states
from comethooks.workers.journal.replaying.dry_runs import REPLAYED
from comethooks.workers.journal.tables.models import LIVE, runs
from comethooks.workers.journal.tables.transactions import reading
from comethooks.workers.states import RunState

_PAGE = 1000


def of_replay(name: str) -> ColumnElement[bool]:
    """The condition that a run is one of the replay `name`."""
    return and_(runs.c.replay == name, REPLAYED)


class ReplayResults:
    """What can be read of the runs of replays in the journal behind `engine`. Every method raises
    `JournalUnavailableError` and `JournalOutdatedError`.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def states(self, name: str) -> dict[RunState, int]:
        """How many runs of a replay are in each state, done first; deleted ones are in none."""
        query = select(runs.c.state, func.count()).where(of_replay(name)).group_by(runs.c.state)
        with reading(self._engine) as connection:
            counts = {RunState(state): count for state, count in connection.execute(query)}
        ordered = sorted(RunState, key=lambda state: state is not RunState.DONE)
        return {state: counts[state] for state in ordered if state in counts}

    def skipped(self) -> Mapping[str, int]:
        """How many runs of each replay are skipped; one that has none is not there."""
        query = (
            select(runs.c.replay, func.count().label("number"))
            .where(in_states([RunState.SKIPPED]), runs.c.replay != LIVE)
            .group_by(runs.c.replay)
        )
        with reading(self._engine) as connection:
            return {row.replay: row.number for row in connection.execute(query)}

    def effects(self, name: str) -> Iterator[str]:
        """The effects of all runs of a replay, a line each, in little memory."""
        query = select(runs.c.effects).where(of_replay(name), runs.c.effects.is_not(None))
        with reading(self._engine) as connection:
            for text in connection.execution_options(yield_per=_PAGE).scalars(query):
                yield from orjson.loads(text)
