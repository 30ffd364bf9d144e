"""What many events count for, added up: it does not matter in which order, nor in which parts."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain
from typing import NamedTuple, Self

import orjson

from comethooks.workers.analytics.counts import Labels
from comethooks.workers.analytics.readings import EventReading
from comethooks.workers.analytics.sessions import open_times
from comethooks.workers.analytics.sizes import hour_of, minute_of
from comethooks.workers.texts import dumps

CountKey = tuple[int, str, str, Labels]
"""When the minute begins (ms), the app (empty for none), the metric, and its labels. A bare tuple,
like the next one, since each event makes some.
"""
ActiveUser = tuple[int, str, str]
"""When the hour begins in which a user was active (ms), the app, and the uid."""

OpenSession = tuple[str, str, int, int]
"""The app and the platform of a connection, and its `OpenTimes`."""


class AppMessage(NamedTuple):
    """A message of an app."""

    app_id: str
    message_id: str


class AppReceipt(NamedTuple):
    """A receipt, which event it is, and at which time it counts (ms)."""

    event_id: str
    message: AppMessage
    latency: str
    kind: str
    counted_at: int
    at: int


@dataclass(slots=True)
class EventTally:
    """Sums of what events count for."""

    counts: defaultdict[CountKey, int] = field(default_factory=lambda: defaultdict(int))
    users: set[ActiveUser] = field(default_factory=set)
    receipts: list[AppReceipt] = field(default_factory=list)
    sent: list[tuple[AppMessage, int]] = field(default_factory=list)
    sessions: defaultdict[OpenSession, int] = field(default_factory=lambda: defaultdict(int))
    """How many connections were open at the same times."""

    def add(self, event_id: str, app_id: str, reading: EventReading, *, active: str | None) -> None:
        """Add what one event of an app counts for. `active` is its active user, as the uid is
        kept.
        """
        at = reading.at
        minute = minute_of(at)
        for metric, labels, value in reading.counts:
            self.counts[minute, app_id, metric.name, labels] += value
        if active:
            self.users.add((hour_of(at), app_id, active))
        if (receipt := reading.receipt) is not None:
            message = AppMessage(app_id, receipt.message_id)
            self.receipts.append(
                AppReceipt(event_id, message, receipt.latency.name, receipt.kind, at, receipt.at)
            )
        if (sent := reading.sent) is not None:
            self.sent.append((AppMessage(app_id, sent.message_id), sent.at))
        if (session := reading.session) is not None and (times := open_times(session)):
            self.sessions[app_id, session.platform, *times] += 1

    def merge(self, other: "EventTally") -> None:
        """Add all of another one."""
        for key, value in other.counts.items():
            self.counts[key] += value
        self.users |= other.users
        self.receipts += other.receipts
        self.sent += other.sent
        for session, number in other.sessions.items():
            self.sessions[session] += number

    def encoded(self) -> bytes:
        """The tally as it is kept until it is added up."""
        # Bare tuples: orjson refuses named ones, and what is written without it takes ten times
        # as long.
        written = (
            [(*key, value) for key, value in self.counts.items()],
            list(self.users),
            [(each[0], tuple(each.message), *each[2:]) for each in self.receipts],
            [(tuple(message), at) for message, at in self.sent],
            [(*session, number) for session, number in self.sessions.items()],
        )
        return dumps(written, scrubs=True)

    @classmethod
    def decoded(cls, written: bytes) -> Self:
        """The tally that `encoded` gave."""
        counts, users, receipts, sent, *more = orjson.loads(written)
        tally = cls()
        for minute, app_id, metric, labels, value in counts:
            tally.counts[minute, app_id, metric, tuple(labels)] += value
        tally.users.update((hour, app_id, uid) for hour, app_id, uid in users)
        tally.receipts += (
            AppReceipt(each[0], AppMessage(*each[1]), *each[2:]) for each in receipts
        )
        tally.sent += ((AppMessage(*message), at) for message, at in sent)
        for *session, number in chain.from_iterable(more):  # an older version wrote none
            tally.sessions[tuple(session)] += number
        return tally


def merged(tallies: Iterable[EventTally]) -> EventTally:
    """One tally of several."""
    whole = EventTally()
    for each in tallies:
        whole.merge(each)
    return whole
