"""What is at work with a body as it was before a user was forgotten: runs that were claimed then,
and chunks of replays. What they say is kept without the user, but what their handlers keep
themselves (a key of `ctx.once`, a case) is written by these.
"""

from typing import NamedTuple

from sqlalchemy import Connection, Row, or_, select

from comethooks.workers.journal.forgetting.needles import holds_any
from comethooks.workers.journal.tables.models import events, replays, runs
from comethooks.workers.states import RunState

_OF_CHUNK = (replays.c.name, replays.c.claim, replays.c.event_id)


class AtWork(NamedTuple):
    """The runs about a user, and the chunks of replays, that somebody has: what tells each from
    what the same process does later.
    """

    runs: frozenset[Row[tuple[str, str, str, str, int]]]
    chunks: frozenset[Row[tuple[str, str, str]]]

    def __and__(self, later: "AtWork") -> "AtWork":
        """What is still the same."""
        return AtWork(self.runs & later.runs, self.chunks & later.chunks)

    @property
    def number(self) -> int:
        """How many that are."""
        return len(self.runs) + len(self.chunks)


def at_work(connection: Connection, alias: str) -> AtWork:
    """What is in progress now that has to do with whoever has the name `alias`, so that `number`
    becomes 0 once nobody has it any more.
    """
    columns = (runs.c.event_id, runs.c.handler, runs.c.replay, runs.c.claim, runs.c.claimed_at)
    named = holds_any(
        connection.dialect.name, (events.c.conversation_id, events.c.body), alias, escaped=False
    )
    claimed = (
        select(*columns)
        .join(events, events.c.id == runs.c.event_id)
        .where(
            runs.c.state == RunState.RUNNING.value,
            runs.c.next_at.is_not(None),
            runs.c.claim.is_not(None),
            or_(events.c.sender == alias, named),
        )
    )
    chunks = select(*_OF_CHUNK).where(replays.c.claim.is_not(None))
    return AtWork(*(frozenset(connection.execute(each)) for each in (claimed, chunks)))
