"""What one event counts for: a pure function of what the journal keeps of it.

Most of what counts is in the columns of an event, and its body is decoded only where it is not.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from comethooks import schemas
from comethooks.schemas import OURS, Event, Group
from comethooks.schemas.wire.envelope import data_of
from comethooks.schemas.wire.shapes import changed_in, message_in
from comethooks.workers.analytics import metrics
from comethooks.workers.analytics.metrics import Metric
from comethooks.workers.analytics.sizes import believed
from comethooks.workers.record import Record, event_of
from comethooks.workers.texts import scrub

LABEL_LENGTH = 100
"""Characters of the value of a label; longer ones are cut."""
UNKNOWN = "unknown"
"""The value of a label that the event does not tell."""
NO_RULE = "none"
"""The rule of what was decided by none that is known."""
_FLAGGED = "moderator.flagged"
"""The trigger of what `moderator` tells of what a rule flagged."""

Labels = tuple[str, ...]


class Count(NamedTuple):
    """What an event adds to a metric. Seconds are in milliseconds."""

    metric: Metric
    labels: Labels = ()
    value: int = 1


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
    if record.source == OURS and record.trigger == _FLAGGED:
        name = _FLAGGED
    if record.decision is not None:
        counts.append(_decided_here(record))
    if name is None:
        return EventReading(at, counts)
    if name in _RECEIPTS:
        receipt = _receipt(record, message_id, occurred_at, counts, *_RECEIPTS[name])
        return EventReading(at, counts, receipt=receipt)
    active = record.sender if name in _ACTIVE else None
    if name in _BY_NAME:
        counts.append(_BY_NAME[name])
    elif name in _MESSAGES:
        category = _message(record, body, counts, _MESSAGES[name])
        if name == _SENT:
            by = None if category == "action" else active  # nobody wrote that
            told = None if message_id is None or occurred_at is None else (message_id, occurred_at)
            return EventReading(at, counts, by, sent=None if told is None else TimeOfSending(*told))
    elif name in _READ:
        with suppress(schemas.NotJsonError):
            counts.extend(_READ[name](event_of(record), record))
    return EventReading(at, counts, active)


def label(value: Any) -> str:
    """A value as a label has it."""
    if not isinstance(value, str) or not value:
        return UNKNOWN
    return scrub(value[:LABEL_LENGTH])


def kind_of(conversation_id: str | None) -> str:
    """Whether a conversation is one of a `group`, or with a `user`."""
    if conversation_id is None:
        return UNKNOWN
    return "group" if conversation_id.startswith("group_") else "user"


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
    outer = message_in(data_of(body))
    message = changed_in(outer) or outer
    return label(message.get("category")), label(message.get("type"))


def _decided_here(record: Record) -> Count:
    decision = record.decision
    cause = next((v for v in record.votes if v.verdict == decision and not v.shadow), None)
    rule = NO_RULE if cause is None else label(cause.decider)
    return Count(metrics.DECIDED, (rule, label(decision and decision.value)))


EventReader = Callable[[Event, Record], Iterator[Count]]


def _members(metric: Metric) -> EventReader:
    def read(event: Event, record: Record) -> Iterator[Count]:
        yield Count(metric, (), max(1, len(event.members)))

    return read


def _calls(metric: Metric) -> EventReader:
    def read(event: Event, record: Record) -> Iterator[Count]:
        yield Count(metric, _labels_of_call(event, record))

    return read


def _ended_call(event: Event, record: Record) -> Iterator[Count]:
    call = event.call
    if call is not None and call.initiated_at is not None and call.ended_at is not None:
        lasted = _milliseconds(call.initiated_at, call.ended_at)
        yield Count(metrics.CALL_SECONDS, _labels_of_call(event, record), lasted)


def _labels_of_call(event: Event, record: Record) -> Labels:
    call = event.call
    if record.conversation_id is not None:
        kind = kind_of(record.conversation_id)
    elif call is None or call.receiver is None:
        kind = UNKNOWN
    else:
        kind = "group" if isinstance(call.receiver, Group) else "user"
    return label(call and call.type), kind


def _presence(event: Event, record: Record) -> Iterator[Count]:
    presence = event.presence
    if presence is None or presence.action != "disconnected":
        return
    platform = (label(presence.platform),)
    yield Count(metrics.SESSIONS, platform)
    if presence.connected_at is not None and presence.at is not None:
        yield Count(metrics.ONLINE, platform, _milliseconds(presence.connected_at, presence.at))


def _interacted(event: Event, record: Record) -> Iterator[Count]:
    data = event.payload.get("data")
    kind = data.get("messageType") if isinstance(data, Mapping) else None
    yield Count(metrics.INTERACTED, (label(kind),))


def _completed(event: Event, record: Record) -> Iterator[Count]:
    message = event.message
    card = message is not None and message.category == "card"
    yield Count(metrics.COMPLETED, (label("card" if card else message and message.type),))


def _decided(event: Event, record: Record) -> Iterator[Count]:
    moderation = event.moderation
    if moderation is not None:
        rule = next((rule.get("id") for rule in moderation.rules), None)
        yield Count(metrics.DECIDED, (_rule(rule), label(moderation.status)))


def _failed(event: Event, record: Record) -> Iterator[Count]:
    moderation = event.moderation
    if moderation is not None:
        contexts = (failure.get("context") for failure in moderation.failures)
        rules = (each.get("rule") for each in contexts if isinstance(each, Mapping))
        rule = next((each.get("id") for each in rules if isinstance(each, Mapping)), None)
        yield Count(metrics.FAILED, (_rule(rule), label(moderation.outcome)))


def _flagged(event: Event, record: Record) -> Iterator[Count]:
    data = event.payload.get("data")
    rule = data.get("rule") if isinstance(data, Mapping) else None
    yield Count(metrics.FLAGGED, (_rule(rule),))


def _rule(value: Any) -> str:
    return NO_RULE if value in (None, "") else label(str(value))


def _milliseconds(since: datetime, until: datetime) -> int:
    return max(0, (until - since) // timedelta(milliseconds=1))


_SENT = "message.sent"
_ACTIVE = frozenset((_SENT, "reaction.added", "call.initiated"))
"""What makes its sender an active user."""
_RECEIPTS = {
    "receipt.delivered": (metrics.DELIVERED, metrics.LATENCY_DELIVERED),
    "receipt.read": (metrics.READ, metrics.LATENCY_READ),
}
_MESSAGES = {
    _SENT: metrics.SENT,
    "message.edited": metrics.EDITED,
    "message.deleted": metrics.DELETED,
}
_BY_NAME = {
    "reaction.added": Count(metrics.ADDED),
    "reaction.removed": Count(metrics.REMOVED),
    "group.created": Count(metrics.GROUPS_CREATED),
}
"""What counts for one, whatever else the event says."""
_READ: Mapping[str, EventReader] = {
    "user.presence": _presence,
    "group.member_joined": _members(metrics.JOINED),
    "group.member_added": _members(metrics.MEMBERS_ADDED),
    "group.member_left": _members(metrics.LEFT),
    "group.member_kicked": _members(metrics.KICKED),
    "group.member_banned": _members(metrics.BANNED),
    "call.initiated": _calls(metrics.CALLS_STARTED),
    "meeting.started": _calls(metrics.CALLS_STARTED),
    "call.started": _calls(metrics.ANSWERED),
    "call.unanswered": _calls(metrics.MISSED),
    "call.rejected": _calls(metrics.REJECTED),
    "call.cancelled": _calls(metrics.CANCELLED),
    "call.busy": _calls(metrics.BUSY),
    "call.ended": _ended_call,
    "meeting.ended": _ended_call,
    "interaction.received": _interacted,
    "interaction.completed": _completed,
    "moderation.approved": _decided,
    "moderation.blocked": _decided,
    "moderation.manually_approved": _decided,
    "moderation.failed": _failed,
    _FLAGGED: _flagged,
}
"""What is read in the body."""
