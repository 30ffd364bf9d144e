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

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, select

from comethooks.workers.analytics.sizes import DAY_MS, MOST_AHEAD_MS, Size, end_of, start_of
from comethooks.workers.analytics.tally import EventTally
from comethooks.workers.journal.decisions import with_decisions
from comethooks.workers.journal.figures import deltas, figure_marks, replacing
from comethooks.workers.journal.figures.adding_up import KeptBuckets, add
from comethooks.workers.journal.figures.figure_marks import Mark
from comethooks.workers.journal.figures.latencies import LONGEST_MS, RebuildDraft
from comethooks.workers.journal.listings.few_bodies import next_places
from comethooks.workers.journal.listings.queries import Place
from comethooks.workers.journal.tables.figure_tables import figures
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
    def latencies_since(self) -> int:
        """From which day on latencies are replaced: the messages of earlier receipts may not be
        kept any more.
        """
        first, _ = self.replaced(Size.DAY)
        if not self.bodies_since:
            return first
        whole_since = self.bodies_since + MOST_AHEAD_MS + LONGEST_MS
        return max(first, end_of(Size.DAY, start_of(Size.DAY, whole_since - 1)))

    @property
    def reads_since(self) -> int:
        """From which receipt on events may count in them."""
        first = min(self.replaced(size)[0] for size in Size)
        return max(0, first - MOST_AHEAD_MS)


@dataclass(frozen=True, slots=True)
class RebuildStep:
    """What one step of a rebuild did: it looked at `count` events. When it is `done`, the figures
    are replaced.
    """

    count: int
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
        return RebuildStep(0, done=not replacing.forget_some(connection))
    places = next_places(connection, Place(place.at, place.event_id or ""), None, limit)
    if not places:
        # Bodies may have been deleted meanwhile.
        bodies_since = max(plan.bodies_since, figure_marks.deleted_before(connection))
        whole = replace(plan, bodies_since=bodies_since)
        replacing.take_over(
            connection,
            {size: whole.replaced(size) for size in Size},
            kept,
            latencies_since=whole.latencies_since,
        )
        figure_marks.drop(connection, _MARKS)
        return RebuildStep(0, done=False)
    read = list(_records(connection, [each.id for each in places]))
    left = deltas.left_among(connection, [record.id for record in read])
    added = [record for record in read if record.id not in left]
    batch = frozenset(deltas.packed([record.id]) for record in added)
    add(connection, deltas.tally_of(added), kept, batch=batch, draft=RebuildDraft())
    figure_marks.put(connection, Mark.PLACE, places[-1].received_at, places[-1].id)
    return RebuildStep(len(places), done=False)


def add_behind(
    connection: Connection, written: Sequence[bytes], told: EventTally, kept: KeptBuckets
) -> None:
    """Add to the draft of the rebuild that is under way what those events count for that it does
    not come to any more. `written` are their ids, as rows of deltas have them; all of them tell
    what is `told`.
    """
    place = figure_marks.all_of(connection).get(Mark.PLACE)
    if place is None:
        return
    come_to = Place(place.at, place.event_id or "")
    ids = [event_id for each in written for event_id in deltas.unpacked(each)]
    tally = EventTally()
    for some in chunks(ids, _AT_ONCE):
        query = select(events.c.id, events.c.received_at).where(
            among(connection, events.c.id, some), events.c.received_at <= place.at
        )
        found = connection.execute(query)
        behind = [
            event_id
            for event_id, at in found
            if (at, event_id) <= (come_to.received_at, come_to.id)
        ]
        if behind:
            tally.merge(deltas.tally_of(_records(connection, behind)))
    # Receipts that it has passed may wait for a message that it will come to.
    tally.sent = told.sent
    batch = frozenset(deltas.apart(b"".join(written)))
    add(connection, tally, kept, batch=batch, draft=RebuildDraft(come_to))


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
