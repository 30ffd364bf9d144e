"""What one event counts for: a pure function of what the journal keeps of it.

Most of what counts is in the columns of an event, and its body is decoded only where it is not.
"""

from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any, NamedTuple

from comethooks import schemas
from comethooks.schemas import OURS
from comethooks.schemas.wire.envelope import data_of
from comethooks.schemas.wire.shapes import subject_in
from comethooks.workers.analytics import metrics
from comethooks.workers.analytics.body_readings import (
    FLAGGED,
    PRESENCE,
    READERS,
    ToldSession,
    session_of,
)
from comethooks.workers.analytics.counts import NO_RULE, UNKNOWN, Count, kind_of, label
from comethooks.workers.analytics.metrics import Metric
from comethooks.workers.analytics.sizes import believed
from comethooks.workers.record import Record, event_of


class ToldReceipt(NamedTuple):
    """That a message reached a user, or was read, at a time in milliseconds."""

    message_id: str
    latency: Metric
    kind: str
    at: int


class TimeOfSending(NamedTuple):
    """When a message was sent, in milliseconds."""

    message_id: str
    at: int


class EventReading(NamedTuple):
    """All that one event counts for, at the time `at` (ms)."""

    at: int
    counts: list[Count]
    active: str | None = None
    """The uid of a user who was active."""
    receipt: ToldReceipt | None = None
    sent: TimeOfSending | None = None
    session: ToldSession | None = None


def reading_of(
    record: Record, message_id: str | None = None, body: Mapping[str, Any] | None = None
) -> EventReading:
    """What an event counts for. `message_id` is the message that it is about, if it is about one;
    `body` is its decoded body, which is decoded where that is needed and not given.

    Of an event whose body is no JSON, or was not kept, everything that the record says.
    """
    occurred_at = believed(record.occurred_at, record.received_at)
    at = record.received_at if occurred_at is None else occurred_at
    counts = [_of_trigger(record.trigger)]
    name = record.name
    if record.source == OURS and record.trigger == FLAGGED:
        name = FLAGGED
    if record.decision is not None:
        counts.append(_decided_here(record))
    if name is None:
        return EventReading(at, counts)
    if name in RECEIPTS:
        receipt = _receipt(record, message_id, occurred_at, counts, *RECEIPTS[name])
        return EventReading(at, counts, receipt=receipt)
    active = record.sender if name in _ACTIVE else None
    if name in _BY_NAME:
        counts.append(_BY_NAME[name])
    elif name in _MESSAGES:
        category = _message(record, body, counts, _MESSAGES[name])
        if name == SENT:
            by = None if category == "action" else active  # nobody wrote that
            told = None if message_id is None or occurred_at is None else (message_id, occurred_at)
            return EventReading(at, counts, by, sent=None if told is None else TimeOfSending(*told))
    elif name in READERS:
        with suppress(schemas.NotJsonError):
            event = event_of(record)
            counts.extend(READERS[name](event, record))
            if name == PRESENCE and occurred_at is not None:
                return EventReading(at, counts, session=session_of(event))
    return EventReading(at, counts, active)


def _receipt(
    record: Record,
    message_id: str | None,
    occurred_at: int | None,
    counts: list[Count],
    metric: Metric,
    latency: Metric,
) -> ToldReceipt | None:
    """Count a receipt; it is given if it may tell how long its message took."""
    kind = kind_of(record.conversation_id)
    counts.append(Count(metric, (kind,)))
    if message_id is None or occurred_at is None:
        counts.append(Count(metrics.UNKNOWN_LATENCY, (kind,)))
        return None
    return ToldReceipt(message_id, latency, kind, occurred_at)


def _message(
    record: Record, body: Mapping[str, Any] | None, counts: list[Count], metric: Metric
) -> str:
    """Count what is told of a message; returns its category."""
    category, kind = _category_and_type(record, body)
    counts.append(_of_message(metric, category, kind, kind_of(record.conversation_id)))
    if metric is metrics.SENT and category in ("interactive", "card"):
        counts.append(Count(metrics.INTERACTIVE_SENT, (category if category == "card" else kind,)))
    return category


# Cached, like the next one: the events of a batch tell of the same few.
@lru_cache(maxsize=1024)
def _of_trigger(trigger: str | None) -> Count:
    return Count(metrics.EVENTS, (label(trigger),))


@lru_cache(maxsize=1024)
def _of_message(metric: Metric, category: str, kind: str, receiver: str) -> Count:
    return Count(metric, (category, kind, receiver))


def _category_and_type(record: Record, body: Mapping[str, Any] | None) -> tuple[str, str]:
    """Of the message that an event is about, an edited or deleted one, too."""
    # Read without the views of an event, which cost more than all else that is counted of it.
    if body is None:
        try:
            body = schemas.decode(record.body)
        except schemas.NotJsonError:
            return UNKNOWN, UNKNOWN
    message = subject_in(data_of(body))
    return label(message.get("category")), label(message.get("type"))


def _decided_here(record: Record) -> Count:
    decision = record.decision
    cause = next((v for v in record.votes if v.verdict == decision and not v.shadow), None)
    rule = NO_RULE if cause is None else label(cause.decider)
    return Count(metrics.DECIDED, (rule, label(decision and decision.value)))


SENT = "message.sent"
_ACTIVE = frozenset((SENT, "reaction.added", "call.initiated"))
"""What makes its sender an active user."""
RECEIPTS = {
    "receipt.delivered": (metrics.DELIVERED, metrics.LATENCY_DELIVERED),
    "receipt.read": (metrics.READ, metrics.LATENCY_READ),
}
"""How receipts count, by their name: the metric, and the one of how long their message took."""
_MESSAGES = {
    SENT: metrics.SENT,
    "message.edited": metrics.EDITED,
    "message.deleted": metrics.DELETED,
}
_BY_NAME = {
    "reaction.added": Count(metrics.ADDED),
    "reaction.removed": Count(metrics.REMOVED),
    "group.created": Count(metrics.GROUPS_CREATED),
}
"""What counts for one, whatever else the event says."""
