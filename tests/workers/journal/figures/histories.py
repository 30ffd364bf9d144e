"""Histories of events, and what they count for, counted plainly and apart from the code."""

import calendar
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

import orjson
from hypothesis import strategies as st

from comethooks.workers.analytics.metrics import METRICS
from comethooks.workers.analytics.sizes import Size
from comethooks.workers.journal import Journal, KeptBuckets
from comethooks.workers.record import Record
from tests.workers.journal.samples import T0, event

ALWAYS = KeptBuckets({})
EVER = 2**52
HOUR_MS = 3_600_000
WEEK_MS = 7 * 24 * HOUR_MS
QUANTILES = (0.5, 0.9, 0.99)
_FIRST = T0 - T0 % HOUR_MS - 3 * WEEK_MS
"""Before anything of these histories, at a full hour."""


@dataclass(frozen=True)
class Fact:
    """Something that happened: a message, or what is told of one or of its sender."""

    kind: str
    app: str
    who: str
    message: int
    hours: int
    """When, in hours before `T0`; of what is told of a message, after it was sent."""
    group: bool
    late: int = 0
    """How many days after `T0` it comes, whatever it tells."""

    @property
    def sent_at(self) -> int:
        """When the message with that number was sent: the same, whoever tells of it."""
        return T0 - self.message * 5 * HOUR_MS - 1234

    @property
    def at(self) -> int:
        """When it happened."""
        if self.kind == "again":
            return self.sent_at + (self.hours - 100) * HOUR_MS
        return self.sent_at + self.hours * HOUR_MS * (self.kind != "sent")

    @property
    def lasted(self) -> int:
        """How long a connection was open that is closed, in milliseconds: up to nine days."""
        return 1500 + self.message**5 * 100_000

    def record(self, number: int) -> Record:
        """The event that tells of it, the one of second `number`."""
        trigger, name, data = _BODIES[self.kind](self)
        return event(
            number,
            trigger=trigger,
            name=name,
            app_id=self.app,
            sender=self.who,
            conversation_id="group_hikers" if self.group else "ines_user_noor",
            occurred_at=self.at,
            received_at=max(self.at, T0) + number + self.late * 24 * HOUR_MS,
            body=orjson.dumps({"trigger": trigger, "data": data}),
        )


def _sent(fact: Fact) -> tuple[str, str, Any]:
    wire = {"id": str(fact.message), "category": "message", "type": "text", "sender": fact.who}
    return "message_sent", "message.sent", {"message": wire}


def _read(fact: Fact) -> tuple[str, str, Any]:
    told = {"action": "read", "messageId": str(fact.message), "user": {"uid": fact.who}}
    return "message_read_receipt", "receipt.read", {"body": {**told, "timestamp": 1}}


def _reacted(fact: Fact) -> tuple[str, str, Any]:
    reaction = {"id": "1", "messageId": str(fact.message), "reaction": "+", "uid": fact.who}
    return "message_reaction_added", "reaction.added", {"reaction": reaction}


def _left(fact: Fact) -> tuple[str, str, Any]:
    began = fact.at - fact.lasted
    connection = {"action": "disconnected", "platform": fact.who, "connectedAt": began}
    data = {"timestamp": fact.at, "user": {"uid": fact.who}, "currentConnection": connection}
    return "user_connection_status_changed", "user.presence", data


_BODIES = {"sent": _sent, "again": _sent, "read": _read, "reacted": _reacted, "left": _left}

_SENDING = "sent", "again"
"""The second says another time of sending."""
KINDS = sorted(_BODIES)
facts = st.builds(
    Fact,
    kind=st.sampled_from(KINDS),
    app=st.sampled_from(["a", "b"]),
    who=st.sampled_from(["ines", "noor"]),
    message=st.integers(0, 6),
    hours=st.integers(0, 200),
    group=st.booleans(),
    late=st.integers(0, 12),
)
histories = st.lists(facts, max_size=25)

Figures = Counter[tuple[Any, ...]]


def recounted(history: Sequence[Fact]) -> Figures:
    """What the figures are to be, in hours, days and months: one loop over what happened."""
    found: Figures = Counter()
    active: set[tuple[Any, ...]] = set()
    sent: dict[tuple[str, int], int] = {}
    for fact in history:
        if fact.kind in _SENDING:
            message = fact.app, fact.message
            sent[message] = min(fact.at, sent.get(message, fact.at))
    latencies: dict[tuple[Any, ...], list[int]] = {}
    for fact in history:
        kind = "group" if fact.group else "user"
        trigger = _BODIES[fact.kind](fact)[0]
        for size in ("hour", "day"):
            place = (size, _start(size, fact.at), fact.app)
            found[(*place, "events", trigger)] += 1
            if fact.kind in _SENDING:
                found[(*place, "messages.sent", "message", "text", kind)] += 1
            if fact.kind == "reacted":
                found[(*place, "reactions.added")] += 1
            if fact.kind == "left":
                found[(*place, "presence.sessions", fact.who)] += 1
                found[(*place, "presence.seconds", fact.who)] += fact.lasted / 1000  # type: ignore[assignment]
            if fact.kind == "read":
                found[(*place, "receipts.read", kind)] += 1
                at = sent.get((fact.app, fact.message))
                if at is None or fact.at - at > WEEK_MS:
                    found[(*place, "latency.unknown", kind)] += 1
                else:
                    took = max(0, fact.at - at)
                    latencies.setdefault((*place, "latency.read", kind), []).append(took)
        if fact.kind in (*_SENDING, "reacted"):
            for size in ("hour", "day", "month"):
                active.add((size, _start(size, fact.at), fact.app, fact.who))
    for size, start, app, _ in active:
        found[size, start, app, "users.active"] += 1
    for place, most in _peaks(history).items():
        found[place] = most
    for key, measured in latencies.items():
        for q in QUANTILES:
            exact = sorted(measured)[ceil(q * len(measured)) - 1]
            found[(*key, str(q))] = exact / 1000  # type: ignore[assignment]
    return found


def _peaks(history: Sequence[Fact]) -> Figures:
    """How many connections were open at the full five minutes, each looked at by itself."""
    open_at = Counter(
        (at, fact.app, fact.who)
        for fact in history
        if fact.kind == "left"
        for at in range(_FIRST, fact.at, 5 * 60_000)
        if at >= fact.at - min(fact.lasted, WEEK_MS)
    )
    most: Figures = Counter()
    for (at, app, who), number in open_at.items():
        for size in ("hour", "day"):
            key = (size, _start(size, at), app, "presence.peak", who)
            most[key] = max(most[key], number)
    return most


def counted(journal: Journal) -> Figures:
    """What the journal says that the figures are."""
    while journal.figures.fold(ALWAYS, 2):
        pass
    found: Figures = Counter()
    for name, metric in METRICS.items():
        for size in set(metric.sizes) & {Size.HOUR, Size.DAY, Size.MONTH}:
            by = (*metric.labels, "app")
            for each in journal.figures.read(name, size=size, since=0, until=EVER, by=by):
                place = (size.value, each.bucket_ms, each.app_id, name, *each.labels.values())
                found[place] = each.value  # type: ignore[assignment]
    return found


def _start(size: str, ms: int) -> int:
    then = time.gmtime(ms // 1000)
    parts = {"hour": then[:4], "day": then[:3], "month": then[:2]}[size]
    padded = (*parts, *(1, 1, 0)[len(parts) - 1 :]) if len(parts) < 4 else parts
    padded = (*padded, *([0] * (6 - len(padded))))
    return calendar.timegm(padded) * 1000
