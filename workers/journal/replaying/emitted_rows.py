"""Events that handlers emit: whether the journal has a live one, and how a replay adds one."""

from collections.abc import Sequence

from sqlalchemy import Engine, exists, or_, select, update

from comethooks.workers.journal.runs.waiting_lines import Line, release
from comethooks.workers.journal.settled import RunResult
from comethooks.workers.journal.tables.models import LIVE, events, replays, runs
from comethooks.workers.journal.tables.transactions import reading, writing
from comethooks.workers.journal.writing import new_event, new_runs
from comethooks.workers.record import Record

_LIVE = or_(
    events.c.partition.is_not(None),
    exists().where(runs.c.event_id == events.c.id, runs.c.replay == LIVE),
)
"""It came through the streams, or was run as if it had."""


def was_live(engine: Engine, identifier: str) -> bool:
    """Whether the journal has the event from a live run. Raises `JournalError`."""
    with reading(engine) as connection:
        return (
            connection.scalar(select(events.c.id).where(events.c.id == identifier, _LIVE))
            is not None
        )


def add_to_replay(
    engine: Engine, name: str, record: Record, results: Sequence[RunResult], *, now: int
) -> None:
    """What `Replays.add_emitted` does."""
    with writing(engine) as connection:
        if not new_event(connection, record):
            return
        new = new_runs(connection, [(record.id, result) for result in results])
        counted = update(replays).where(replays.c.name == name).values(runs=replays.c.runs + new)
        connection.execute(counted)
        lines = {Line(result.handler, result.lane) for result in results if result.lane is not None}
        release(connection, lines, now=now)
