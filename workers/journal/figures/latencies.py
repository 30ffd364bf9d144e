"""How long messages took to reach a user, and to be read: a receipt and its message, whichever of
them comes first.

A receipt does not say when its message was sent. That is asked of the journal. One whose message
is not there counts as unknown, and waits; when the message comes, it is moved to where it belongs.
So what stands in the figures is at any time what follows from the events that are in the journal.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from functools import cache

from sqlalchemy import Connection, delete, select

from comethooks.workers.analytics.histogram import bin_of
from comethooks.workers.analytics.metrics import UNKNOWN_LATENCY
from comethooks.workers.analytics.sizes import DAY_MS, Size, believed, start_of
from comethooks.workers.analytics.tally import AppMessage, AppReceipt, CountKey
from comethooks.workers.journal.tables.figure_tables import waiting_receipts
from comethooks.workers.journal.tables.message_table import about_messages
from comethooks.workers.journal.tables.models import events
from comethooks.workers.journal.tables.rows import searchable
from comethooks.workers.journal.tables.statements import InsertMany, among, chunks

LONGEST_MS = 7 * DAY_MS
"""A receipt of a message that was sent longer ago counts as unknown."""
_ASKED = 2_000
"""Messages that are asked for at a time."""
_SENT = "message.sent"


def latencies(
    connection: Connection,
    receipts: Sequence[AppReceipt],
    sent: Sequence[tuple[AppMessage, int]],
    *,
    draft: bool,
) -> Counter[CountKey]:
    """What new receipts, and new messages, change in the figures of latency."""
    known = _earliest(sent)
    changes = _of_receipts(connection, receipts, known, draft)
    changes.update(_of_messages(connection, known, draft))
    return changes


def _earliest(sent: Sequence[tuple[AppMessage, int]]) -> dict[AppMessage, int]:
    found: dict[AppMessage, int] = {}
    for message, at in sent:
        found[message] = min(at, found.get(message, at))
    return found


def _of_receipts(
    connection: Connection,
    receipts: Sequence[AppReceipt],
    known: Mapping[AppMessage, int],
    draft: bool,
) -> Counter[CountKey]:
    changes: Counter[CountKey] = Counter()
    if not receipts:
        return changes
    # Most receipts come within moments of their message, and are added up together with it.
    others = {receipt.message for receipt in receipts} - known.keys()
    sent = {**known, **_sent_at(connection, others)}
    waiting = []
    for receipt in receipts:
        at = sent.get(receipt.message)
        changes[_counted(receipt, at)] += 1
        if at is None:
            waiting.append(receipt)
    _insert(connection.dialect.name).execute(
        connection,
        [
            {
                "draft": draft,
                "event_id": receipt.event_id,
                **receipt.message._asdict(),
                "metric": receipt.latency,
                "kind": receipt.kind,
                "counted_at": receipt.counted_at,
                "at": receipt.at,
            }
            for receipt in waiting
        ],
    )
    return changes


def _of_messages(
    connection: Connection, known: Mapping[AppMessage, int], draft: bool
) -> Counter[CountKey]:
    changes: Counter[CountKey] = Counter()
    if not (known and _is_any_waiting(connection, draft)):
        return changes
    for some in chunks(list(known), _ASKED):
        for receipt in _taken(connection, set(some), draft):
            changes[_counted(receipt, None)] -= 1
            changes[_counted(receipt, known[receipt.message])] += 1
    return changes


def _counted(receipt: AppReceipt, sent_at: int | None) -> CountKey:
    """Where a receipt counts whose message was sent then."""
    minute = start_of(Size.MINUTE, receipt.counted_at)
    app_id, kind = receipt.message.app_id, receipt.kind
    if sent_at is None or receipt.at - sent_at > LONGEST_MS:
        return minute, app_id, UNKNOWN_LATENCY.name, (kind,)
    bin_number = bin_of(max(0, receipt.at - sent_at))
    return minute, app_id, receipt.latency, (kind, str(bin_number))


def _sent_at(connection: Connection, messages: Collection[AppMessage]) -> dict[AppMessage, int]:
    """When each of the messages was sent that are in the journal."""
    found: defaultdict[AppMessage, list[int]] = defaultdict(list)
    query = (
        select(
            events.c.app_id, about_messages.c.message_id, events.c.occurred_at, events.c.received_at
        )
        .join_from(about_messages, events, events.c.id == about_messages.c.event_id)
        .where(events.c.name == _SENT)
    )
    for ids in chunks(sorted({message.message_id for message in messages}), _ASKED):
        asked = among(connection, about_messages.c.message_id, ids)
        rows = connection.execute(query.where(asked))
        for app_id, message_id, occurred_at, received_at in rows:
            if (at := believed(occurred_at, received_at)) is not None:
                found[AppMessage(searchable(app_id) or "", message_id)].append(at)
    return {message: min(times) for message, times in found.items()}


def _is_any_waiting(connection: Connection, draft: bool) -> bool:
    """Whether any receipt waits for its message: nearly always none does, and to ask for each
    message costs as much as to add up all else.
    """
    row = waiting_receipts.c
    return connection.scalar(select(row.event_id).where(row.draft.is_(draft)).limit(1)) is not None


def _taken(
    connection: Connection, messages: Collection[AppMessage], draft: bool
) -> list[AppReceipt]:
    """The receipts that waited for one of the messages, which wait no more."""
    row = waiting_receipts.c
    ids = {message.message_id for message in messages}
    asked = among(connection, row.message_id, ids)
    query = select(waiting_receipts).where(row.draft.is_(draft), asked)
    found = [
        AppReceipt(
            each.event_id,
            AppMessage(each.app_id, each.message_id),
            each.metric,
            each.kind,
            each.counted_at,
            each.at,
        )
        for each in connection.execute(query)
    ]
    found = [receipt for receipt in found if receipt.message in messages]
    for some in chunks([receipt.event_id for receipt in found], _ASKED):
        gone = row.draft.is_(draft), asked, among(connection, row.event_id, some)
        connection.execute(delete(waiting_receipts).where(*gone))
    return found


@cache
def _insert(dialect: str) -> InsertMany:
    return InsertMany(dialect, waiting_receipts, waiting_receipts.c.keys())
