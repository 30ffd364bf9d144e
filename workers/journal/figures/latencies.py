"""How long messages took to reach a user, and to be read: a receipt and its message, whichever of
them comes first.

A receipt does not say when its message was sent. That is asked of the journal. One whose message
is not there counts as unknown, and waits; when the message comes, it is moved to where it belongs.
One that has waited for long is given up, and then found in the journal, should the message come
after all; so is one whose message is told again, and to have been sent earlier. So what stands in
the figures is at any time what follows from the events that were added up, in whatever order.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Connection, delete, select

from comethooks.workers.analytics.histogram import bin_of
from comethooks.workers.analytics.metrics import UNKNOWN_LATENCY
from comethooks.workers.analytics.readings import SENT
from comethooks.workers.analytics.sizes import DAY_MS, MOST_AHEAD_MS, Size, believed, start_of
from comethooks.workers.analytics.tally import AppMessage, AppReceipt, CountKey, EventTally
from comethooks.workers.journal.figures import deltas, figure_marks
from comethooks.workers.journal.figures.told_before import told_before
from comethooks.workers.journal.listings.queries import Place
from comethooks.workers.journal.tables.figure_tables import waiting_receipts
from comethooks.workers.journal.tables.message_table import about_messages
from comethooks.workers.journal.tables.models import events
from comethooks.workers.journal.tables.rows import searchable
from comethooks.workers.journal.tables.statements import InsertMany, among, chunks

LONGEST_MS = 7 * DAY_MS
"""A receipt of a message that was sent longer ago counts as unknown."""
_ASKED = 2_000
"""Messages that are asked for at a time."""


@dataclass(frozen=True, slots=True)
class RebuildDraft:
    """What is added to is the draft of a rebuild, which has come to the place `behind`, if what is
    added was told meanwhile: a message may be ahead of it then, and its receipts behind.
    """

    behind: Place | None = None


def latencies(
    connection: Connection,
    tally: EventTally,
    *,
    batch: Collection[bytes],
    draft: RebuildDraft | None,
) -> Counter[CountKey]:
    """What new receipts, and new messages, change in the figures of latency."""
    known = _earliest(tally.sent)
    before = told_before(
        connection, known.keys(), batch=batch, behind=None if draft is None else draft.behind
    )
    is_draft = draft is not None
    changes = Counter[CountKey]()
    taken = _taken(connection, known, is_draft)
    for receipt in taken:
        _move(changes, receipt, None, known[receipt.message])
    # What a rebuild comes to, it has counted with all messages that were added up by then.
    if draft is None or draft.behind is not None:
        waited = {receipt.event_id for receipt in taken}
        found = {
            message: [each for each in told.receipts if each.event_id not in waited]
            for message, told in before.items()
        }
        deleted = figure_marks.deleted_before(connection) if any(found.values()) else 0
        for message, receipts in found.items():
            earlier = before[message].sent_at
            if earlier is None and (is_draft or known[message] < deleted + MOST_AHEAD_MS):
                continue  # what told of it first may have been deleted
            for receipt in receipts:
                now = known[message] if earlier is None else min(earlier, known[message])
                _move(changes, receipt, earlier, now)
    for message, told in before.items():
        if told.sent_at is not None:
            known[message] = min(known[message], told.sent_at)
    changes.update(_of_receipts(connection, tally.receipts, known, is_draft))
    return changes


def _earliest(sent: Sequence[tuple[AppMessage, int]]) -> dict[AppMessage, int]:
    found: dict[AppMessage, int] = {}
    for message, at in sent:
        found[message] = min(at, found.get(message, at))
    return found


def _move(
    changes: Counter[CountKey], receipt: AppReceipt, was_sent: int | None, sent_at: int
) -> None:
    changes[_counted(receipt, was_sent)] -= 1
    changes[_counted(receipt, sent_at)] += 1


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


def _counted(receipt: AppReceipt, sent_at: int | None) -> CountKey:
    """Where a receipt counts whose message was sent then."""
    minute = start_of(Size.MINUTE, receipt.counted_at)
    app_id, kind = receipt.message.app_id, receipt.kind
    if sent_at is None or receipt.at - sent_at > LONGEST_MS:
        return minute, app_id, UNKNOWN_LATENCY.name, (kind,)
    bin_number = bin_of(max(0, receipt.at - sent_at))
    return minute, app_id, receipt.latency, (kind, str(bin_number))


def _sent_at(connection: Connection, messages: Collection[AppMessage]) -> dict[AppMessage, int]:
    """When each of the messages was sent that were added up."""
    rows: list[Any] = []
    query = (
        select(
            *(events.c.id, events.c.app_id, about_messages.c.message_id),
            *(events.c.occurred_at, events.c.received_at),
        )
        .join_from(about_messages, events, events.c.id == about_messages.c.event_id)
        .where(events.c.name == SENT)
    )
    for ids in chunks(sorted({message.message_id for message in messages}), _ASKED):
        asked = among(connection, about_messages.c.message_id, ids)
        rows += connection.execute(query.where(asked))
    # What is not added up yet moves the receipts when it is.
    left = deltas.left_among(connection, [row.id for row in rows])
    found: dict[AppMessage, int] = {}
    for event_id, app_id, message_id, occurred_at, received_at in rows:
        at = believed(occurred_at, received_at)
        message = AppMessage(searchable(app_id) or "", message_id)
        # Another app may have a message with the same id.
        if at is not None and event_id not in left and message in messages:
            found[message] = min(at, found.get(message, at))
    return found


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
    if not (messages and _is_any_waiting(connection, draft)):
        return []
    some = chunks(list(messages), _ASKED)
    return [receipt for each in some for receipt in _some_taken(connection, set(each), draft)]


def _some_taken(
    connection: Connection, messages: Collection[AppMessage], draft: bool
) -> list[AppReceipt]:
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
