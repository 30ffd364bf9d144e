"""What new events count for, as the transaction that writes them leaves it to be added up.

Events of all drainers count in the same few figures. Those who change one row wait for each other
until they commit, so drainers only add rows, one each transaction; the leading scheduler adds them
up (`workers.journal.figures.folding`).
"""

from collections.abc import Collection, Iterable, Iterator
from functools import cache
from uuid import UUID

from sqlalchemy import Connection, select

from comethooks.workers.analytics.readings import reading_of
from comethooks.workers.analytics.tally import EventTally
from comethooks.workers.ids import new_id
from comethooks.workers.journal.about_messages import AboutMessage, about
from comethooks.workers.journal.tables.figure_tables import figure_deltas
from comethooks.workers.journal.tables.rows import searchable
from comethooks.workers.journal.tables.statements import InsertMany
from comethooks.workers.record import Record


def tally_of(records: Iterable[Record]) -> EventTally:
    """What events count for: the same for an event on its way into the journal and for the row that
    it became.
    """
    tally = EventTally()
    for record in records:
        add(tally, record, about(record))
    return tally


def add(tally: EventTally, record: Record, message: AboutMessage | None) -> None:
    """Add to a tally what an event counts for, which is about that message."""
    reading = reading_of(record) if message is None else reading_of(record, *message)
    active = searchable(reading.active)
    tally.add(record.id, searchable(record.app_id) or "", reading, active=active)


def leave(connection: Connection, ids: Collection[str], tally: EventTally) -> None:
    """Leave it to be added up, in the transaction that writes the events with these ids."""
    if ids:
        row = {"id": new_id(), "events": packed(ids), "counted": tally.encoded()}
        _insert(connection.dialect.name).execute(connection, [row])


def packed(ids: Iterable[str]) -> bytes:
    """Ids of events as a row of deltas has them."""
    return bytes.fromhex("".join(ids).replace("-", ""))


def apart(written: bytes) -> Iterator[bytes]:
    """What `packed` makes of each of those ids alone."""
    return (written[at : at + 16] for at in range(0, len(written), 16))


def left_among(connection: Connection, ids: Collection[str]) -> set[str]:
    """Which of these events are still to be added up. To be asked after the events themselves: one
    that was found, and is not left, was added up before.
    """
    if not ids:
        return set()
    wanted = {packed([each]): each for each in ids}
    found: set[bytes] = set()
    for (written,) in connection.execute(select(figure_deltas.c.events)):
        found.update(wanted.keys() & set(apart(written)))
    return {wanted[each] for each in found}


def unpacked(written: bytes) -> list[str]:
    """The ids that `packed` was given."""
    return [str(UUID(bytes=each)) for each in apart(written)]


@cache
def _insert(dialect: str) -> InsertMany:
    return InsertMany(dialect, figure_deltas, figure_deltas.c.keys())
