"""Which of what was fetched is there already, by its webhook or by an earlier backfill.

What was sent, edited or deleted is recognised by the id of the message, and an edit by its time,
too: a message may have been edited twice. What webhooks tell of members and sessions names no
message: it is recognised by who or which it is about, if it was received about the same time.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from comethooks import schemas
from comethooks.workers.journal import Filter, Journal, KnownEvent, message_of
from comethooks.workers.record import Record, event_of

EARLIER_MS = 60_000
LATER_MS = 120_000
"""A webhook is received no more than so long before or after what it tells, by two clocks: its
last repeat is sent after 40 seconds."""
_APART = ("group.member_", "call.")
"""How the names begin of what is recognised without a message."""
_LEGACY_SLACK_MS = 2_000
"""Legacy webhooks tell of an edit when it is told, and not when the message was edited."""


@dataclass(slots=True)
class KnownEvents:
    """What is known of the events of an app: in the journal and, as `wait` has been told, in the
    streams.
    """

    journal: Journal
    app_id: str
    _waiting: dict[str, list[KnownEvent]] = field(default_factory=lambda: defaultdict(list))
    _waiting_apart: list[Record] = field(default_factory=list)

    def wait(self, record: Record) -> None:
        """Know of an event that is not journalled yet."""
        if record.app_id != self.app_id:
            return
        message_id = message_of(record)
        if message_id is None and (record.name or "").startswith(_APART):
            self._waiting_apart.append(record)
        elif message_id is not None:
            known = KnownEvent(
                record.id, message_id, record.trigger, record.name, record.occurred_at
            )
            self._waiting[message_id].append(known)

    def among(self, named: Sequence[tuple[Record, str | None]]) -> dict[str, str]:
        """Those of the records that are there: the id of what is there, by the record's id. Each is
        given with the id of the message that it is about. Raises the journal's errors.
        """
        about = self._about({message_id for _, message_id in named if message_id is not None})
        found: dict[str, str] = {}
        for record, message_id in named:
            known = (
                self._nearby(record)
                if message_id is None
                else next((each.id for each in about[message_id] if _is_told(record, each)), None)
            )
            if known is not None:
                found[record.id] = known
        return found

    def _about(self, message_ids: set[str]) -> dict[str, list[KnownEvent]]:
        about: defaultdict[str, list[KnownEvent]] = defaultdict(list)
        for known in self.journal.known_about(self.app_id, message_ids) if message_ids else ():
            about[known.message_id].append(known)
        for message_id in message_ids & self._waiting.keys():
            about[message_id] += self._waiting[message_id]
        return about

    def _nearby(self, record: Record) -> str | None:
        """What tells the same as a record about no message, and was received about that time."""
        at = record.received_at
        asked = Filter(
            trigger=record.name,
            app_id=self.app_id,
            conversation_id=record.conversation_id,
            since=at - EARLIER_MS,
            until=at + LATER_MS,
        )
        kept = (each.record for each in self.journal.whole_events(asked))
        waiting = (each for each in self._waiting_apart if asked.fits_event(each))
        wanted = _told_about(record)
        found: Iterable[Record] = (*kept, *waiting)
        return next((each.id for each in found if wanted <= _told_about(each)), None)


def _is_told(record: Record, known: KnownEvent) -> bool:
    if record.name == "message.sent" and known.name == "moderation.blocked":
        return True  # it was sent, and nobody got it
    if record.name != known.name:
        return False
    if record.name != "message.edited" or record.occurred_at == known.occurred_at:
        return True
    if known.trigger != "after_message" or None in (record.occurred_at, known.occurred_at):
        return False
    return abs((record.occurred_at or 0) - (known.occurred_at or 0)) <= _LEGACY_SLACK_MS


def _told_about(record: Record) -> set[str]:
    """The members or the session that an event is about."""
    try:
        event = event_of(record)
        session = event.call.session_id if event.call is not None else None
        return {*(member.uid for member in event.members), *([session] if session else [])}
    except schemas.NotJsonError:
        return set()
