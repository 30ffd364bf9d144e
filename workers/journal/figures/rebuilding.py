"""Rebuilding figures from the journal, while events come in: a draft beside the figures, which
takes their place when it is whole.

The journal is read in the order of receipt, some events a transaction, and what they count for is
added to the draft. An event that comes meanwhile may be behind the place that was come to, and is
not read then; or it is, and what it counts for has still to be added up. To count each once:

- Reading leaves out events that are still to be added up, which are known by their ids.
- Adding up adds to the draft, too, what is behind that place (`add_behind`). What is before it will
  be read.

Both happen under the lock of those who change figures. The place is kept, so a rebuild whose
process was killed goes on from there.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, select

from comethooks.workers.analytics.sizes import DAY_MS, MOST_AHEAD_MS, Size, end_of, start_of
from comethooks.workers.journal.decisions import with_decisions
from comethooks.workers.journal.figures import figure_marks, replacing
from comethooks.workers.journal.figures.adding_up import KeptBuckets, add
from comethooks.workers.journal.figures.deltas import apart, packed, tally_of, unpacked
from comethooks.workers.journal.figures.figure_marks import Mark
from comethooks.workers.journal.listings.few_bodies import next_places
from comethooks.workers.journal.listings.queries import Place
from comethooks.workers.journal.tables.figure_tables import figure_deltas, figures
from comethooks.workers.journal.tables.models import events
from comethooks.workers.journal.tables.statements import among, chunks
from comethooks.workers.record import Kind, Record

_COLUMNS = (
    *(events.c.id, events.c.source, events.c.trigger, events.c.name, events.c.app_id),
    *(events.c.conversation_id, events.c.sender, events.c.occurred_at, events.c.received_at),
    events.c.body,
)
_NAMES = [column.name for column in _COLUMNS]
_MARKS = (Mark.SINCE, Mark.UNTIL, Mark.BODIES, Mark.PLACE)
_AT_ONCE = 100
"""Events that are in memory at a time, where their size is not known."""
NEVER = 253_402_300_799_000
"""After all buckets: the end of the year 9999."""


@dataclass(frozen=True, slots=True)
class RebuildPlan:
    """What a rebuild replaces: all buckets of whole days, and whole months, that lie inside of what
    was asked for, and of which every event still has its body. Times are milliseconds.

    Days, since a receipt that waits for its message counts in buckets of all sizes, and is to be
    moved in all of them or in none.
    """

    since: int
    until: int
    bodies_since: int
    """From when on every event has its body, by its receipt."""

    def replaced(self, size: Size) -> tuple[int, int]:
        """When the first bucket begins that is replaced, and when the last one ends."""
        whole_since = max(self.since, self.bodies_since + MOST_AHEAD_MS if self.bodies_since else 0)
        whole = Size.MONTH if size is Size.MONTH else Size.DAY
        first = start_of(whole, whole_since)
        if first < whole_since:
            first = end_of(whole, first)
        last = self.until if self.until >= NEVER else start_of(whole, self.until)
        return first, max(first, last)

    @property
    def reads_since(self) -> int:
        """From which receipt on events may count in them."""
        first = min(self.replaced(size)[0] for size in Size)
        return max(0, first - MOST_AHEAD_MS)


@dataclass(frozen=True, slots=True)
class RebuildStep:
    """What one step of a rebuild did: it looked at `count` events, the last of them received at
    `looked_at_ms`. When it is `done`, the figures are replaced.
    """

    count: int
    looked_at_ms: int | None
    done: bool


def begin(connection: Connection, plan: RebuildPlan) -> bool:
    """Begin a rebuild, unless the same one is under way: then it goes on. Returns whether it does.

    Of another one what was done is lost.
    """
    if plan_of(connection) == plan:
        return True
    replacing.forget(connection)
    figure_marks.put(connection, Mark.SINCE, plan.since)
    figure_marks.put(connection, Mark.UNTIL, plan.until)
    figure_marks.put(connection, Mark.BODIES, plan.bodies_since)
    figure_marks.put(connection, Mark.PLACE, plan.reads_since, "")
    return False


def plan_of(connection: Connection) -> RebuildPlan | None:
    """What the rebuild that is under way replaces; None when there is none."""
    found = figure_marks.all_of(connection)
    if Mark.PLACE not in found:
        return None
    return RebuildPlan(*(found[each].at for each in (Mark.SINCE, Mark.UNTIL, Mark.BODIES)))


def step(connection: Connection, kept: KeptBuckets, limit: int) -> RebuildStep:
    """Go on with the rebuild by up to `limit` events, and end it when none are left."""
    plan, place = plan_of(connection), figure_marks.all_of(connection).get(Mark.PLACE)
    if plan is None or place is None:
        # What is left of the draft takes long to delete, and nobody is to wait for that.
        return RebuildStep(0, None, done=not replacing.forget_some(connection))
    places = next_places(connection, Place(place.at, place.event_id or ""), None, limit)
    if not places:
        # Bodies may have been deleted meanwhile.
        deleted = figure_marks.all_of(connection).get(Mark.DELETED)
        bodies_since = max(plan.bodies_since, deleted.at if deleted else 0)
        whole = replace(plan, bodies_since=bodies_since)
        replacing.take_over(connection, {size: whole.replaced(size) for size in Size}, kept)
        figure_marks.drop(connection, _MARKS)
        return RebuildStep(0, place.at, done=False)
    read = list(_records(connection, [each.id for each in places]))
    # Asked after that: what was read and is not there was added up before.
    left = _left(connection)
    _add(connection, [record for record in read if packed([record.id]) not in left], kept)
    figure_marks.put(connection, Mark.PLACE, places[-1].received_at, places[-1].id)
    return RebuildStep(len(places), places[-1].received_at, done=False)


def add_behind(connection: Connection, written: Iterable[bytes], kept: KeptBuckets) -> None:
    """Add to the draft of the rebuild that is under way what those events count for that it does
    not come to any more. `written` are their ids, as rows of deltas have them.
    """
    place = figure_marks.all_of(connection).get(Mark.PLACE)
    if place is None:
        return
    come_to = (place.at, place.event_id or "")
    ids = [event_id for each in written for event_id in unpacked(each)]
    for some in chunks(ids, _AT_ONCE):
        query = select(events.c.id, events.c.received_at).where(
            among(connection, events.c.id, some), events.c.received_at <= place.at
        )
        found = connection.execute(query)
        behind = [event_id for event_id, at in found if (at, event_id) <= come_to]
        if behind:
            _add(connection, list(_records(connection, behind)), kept)


def left_alone(
    connection: Connection, plan: RebuildPlan, kept: KeptBuckets
) -> Mapping[Size, tuple[int, ...]]:
    """The buckets with figures, by their start, that were asked for and are not replaced."""
    found: dict[Size, tuple[int, ...]] = {}
    for size in Size:
        first, last = plan.replaced(size)
        column = figures.c
        query = (
            select(column.bucket)
            .where(column.draft.is_(False), column.size == size.value)
            .where(column.bucket < plan.until, column.bucket > plan.since - 31 * DAY_MS)
            .distinct()
            .order_by(column.bucket)
        )
        starts = (start for (start,) in connection.execute(query))
        found[size] = tuple(
            start
            for start in starts
            if kept.has(size, start)
            and end_of(size, start) > plan.since
            and not (first <= start < last)
        )
    return {size: starts for size, starts in found.items() if starts}


def _records(connection: Connection, ids: Collection[str]) -> Iterator[Record]:
    rows = connection.execute(select(*_COLUMNS).where(among(connection, events.c.id, ids)))
    records = [Record(kind=Kind.EVENT, **dict(zip(_NAMES, row, strict=True))) for row in rows]
    yield from with_decisions(connection, records)


def _add(connection: Connection, records: Sequence[Record], kept: KeptBuckets) -> None:
    add(connection, tally_of(records), kept, draft=True)


def _left(connection: Connection) -> set[bytes]:
    """The ids of all events that are still to be added up, which may be many."""
    rows = connection.execute(select(figure_deltas.c.events))
    return {event_id for (written,) in rows for event_id in apart(written)}
