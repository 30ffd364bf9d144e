"""What was told before of messages whose sending is being added up: another time at which they were
sent, and their receipts. Nearly always nothing was.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, select

from comethooks.workers.analytics.counts import kind_of
from comethooks.workers.analytics.readings import RECEIPTS, SENT
from comethooks.workers.analytics.sizes import believed
from comethooks.workers.analytics.tally import AppMessage, AppReceipt
from comethooks.workers.journal.figures import deltas
from comethooks.workers.journal.listings.queries import Place
from comethooks.workers.journal.tables.message_table import about_messages
from comethooks.workers.journal.tables.models import events
from comethooks.workers.journal.tables.rows import searchable
from comethooks.workers.journal.tables.statements import among, chunks

_ASKED = 2_000
"""Messages, and events, that are asked for at a time."""


@dataclass(slots=True)
class ToldBefore:
    """What was told of a message: when it was sent (ms), the earliest of several times, and its
    receipts.
    """

    sent_at: int | None = None
    receipts: list[AppReceipt] = field(default_factory=list)


def told_before(
    connection: Connection,
    messages: Collection[AppMessage],
    *,
    batch: Collection[bytes],
    behind: Place | None,
) -> Mapping[AppMessage, ToldBefore]:
    """What events of the journal that were added up say of the messages, without those of the
    `batch` that is being added. Of receipts only those that are `behind` a place or at it, if one
    is given.
    """
    found: defaultdict[AppMessage, ToldBefore] = defaultdict(ToldBefore)
    about = _others_about(connection, messages, batch)
    query = select(
        *(events.c.id, events.c.name, events.c.app_id, events.c.conversation_id),
        *(events.c.occurred_at, events.c.received_at),
    ).where(events.c.name.in_([SENT, *RECEIPTS]))
    for ids in chunks(list(about), _ASKED):
        for row in connection.execute(query.where(among(connection, events.c.id, ids))):
            message = AppMessage(searchable(row.app_id) or "", about[row.id])
            at = believed(row.occurred_at, row.received_at)
            if at is None or message not in messages:
                continue
            if row.name == SENT:
                earlier = found[message].sent_at
                found[message].sent_at = at if earlier is None else min(at, earlier)
            elif behind is None or (row.received_at, row.id) <= (behind.received_at, behind.id):
                latency, kind = RECEIPTS[row.name][1].name, kind_of(row.conversation_id)
                found[message].receipts.append(AppReceipt(row.id, message, latency, kind, at, at))
    return found


def _others_about(
    connection: Connection, messages: Collection[AppMessage], batch: Collection[bytes]
) -> dict[str, str]:
    """Events about the messages that were added up and are not of the batch: the id of the message
    by that of the event.
    """
    found: dict[str, str] = {}
    query = select(about_messages.c.event_id, about_messages.c.message_id)
    for ids in chunks(sorted({message.message_id for message in messages}), _ASKED):
        for event_id, message_id in connection.execute(
            query.where(among(connection, about_messages.c.message_id, ids))
        ):
            if deltas.packed([event_id]) not in batch:
                found[event_id] = message_id
    for event_id in deltas.left_among(connection, found):
        del found[event_id]
    return found
