"""What is read in the bodies of events that are not about messages or receipts: members, calls,
connections, presses and moderation.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from comethooks.schemas import Event, Group
from comethooks.workers.analytics import metrics
from comethooks.workers.analytics.counts import NO_RULE, UNKNOWN, Count, Labels, kind_of, label
from comethooks.workers.analytics.metrics import Metric
from comethooks.workers.analytics.sizes import EARLIEST_MS
from comethooks.workers.clock import milliseconds
from comethooks.workers.record import Record

FLAGGED = "moderator.flagged"
"""The trigger of what `moderator` tells of what a rule with `notify` found."""
PRESENCE = "user.presence"
_ENDED = "disconnected"


class ToldSession(NamedTuple):
    """From when to when a connection lasted, in milliseconds."""

    platform: str
    since: int
    until: int


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
    if presence is None or presence.action != _ENDED:
        return
    yield Count(metrics.SESSIONS, (label(presence.platform),))
    if (session := session_of(event)) is not None:
        yield Count(metrics.ONLINE, (session.platform,), max(0, session.until - session.since))


def session_of(event: Event) -> ToldSession | None:
    """The connection whose end an event tells; None where it does not tell when it began, too."""
    presence = event.presence
    if presence is None or presence.action != _ENDED:
        return None
    if presence.connected_at is None or presence.at is None:
        return None
    since, until = map(milliseconds, (presence.connected_at, presence.at))
    return ToldSession(label(presence.platform), since, until) if since >= EARLIEST_MS else None


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
    told = data if isinstance(data, Mapping) else {}
    yield Count(metrics.FLAGGED, (_rule(told.get("rule")), label(told.get("verdict"))))


def _rule(value: Any) -> str:
    return NO_RULE if value in (None, "") else label(str(value))


def _milliseconds(since: datetime, until: datetime) -> int:
    return max(0, (until - since) // timedelta(milliseconds=1))


READERS: Mapping[str, EventReader] = {
    PRESENCE: _presence,
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
    FLAGGED: _flagged,
}
"""How each of them is read, by its name."""
