"""How far users come with interactive messages: sent, seen, interacted with, completed.

Receipts say who saw a message, and devices send them only if the app has them do so. One covers
every message of its conversation that was sent before, as CometChat's documentation of them says.
Ids of messages grow: those were sent before whose numbers are smaller.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from statistics import median
from typing import Any

from comethooks.schemas import NotJsonError, decode
from comethooks.schemas.event.receipts import Receipt
from comethooks.workers.journal import (
    Filter,
    Journal,
    MessageFilter,
    MessageKey,
    StoredBody,
    StoredMessage,
    ToldPress,
)
from comethooks.workers.presses.goals import Judgement, Trusted, by_user, judge

WHO_SEES = "only of users whose app sends read receipts"
"""What has to be said of how many saw something."""
_AT_ONCE = 500
_MOST_DIGITS = 30
_SLACK_MS = 3_600_000
"""How far CometChat's clock, by which a message was sent, may be ahead of ours."""


@dataclass(frozen=True, slots=True)
class Reached:
    """So many messages came so far, with so many users; one counts again for every message."""

    messages: int = 0
    users: int = 0

    def as_json(self) -> dict[str, int]:
        """Both numbers."""
        return {"messages": self.messages, "users": self.users}


@dataclass(frozen=True, slots=True)
class Funnel:
    """How many messages were `sent`, and how far they came. Half of the users who completed one
    took `median_seconds` or less, from when it was sent; None if nobody did.
    """

    sent: int
    seen: Reached
    interacted: Reached
    completed: Reached
    median_seconds: float | None

    def as_json(self) -> dict[str, Any]:
        """Each step, in order."""
        return {
            "sent": {"messages": self.sent},
            "seen": {**self.seen.as_json(), "counted": WHO_SEES},
            "interacted": self.interacted.as_json(),
            "completed": self.completed.as_json(),
            "median_seconds_to_complete": self.median_seconds,
        }


def funnel_of(journal: Journal, asked: MessageFilter, trusted: Trusted) -> Funnel:
    """The funnel of the messages that `asked` describes; cards only if they call somebody.

    Who interacted is who made a press that counts, by the rules of `trusted`, or completed. Raises
    what the methods of `Journal` raise.
    """
    counted = _Counted(trusted)
    messages = journal.interactions.messages(asked)
    while some := list(islice(messages, _AT_ONCE)):
        counted.add(journal, [each for each in some if each.pressable])
    if counted.sent:
        earliest = min(each.sent_at for each in counted.sent) - _SLACK_MS
        read = Filter(trigger="receipt.read", app_id=asked.app_id, since=max(0, earliest))
        counted.receipts.add(journal.bodies(read))
    return counted.funnel()


def judged_users(
    message: StoredMessage, pressed: Sequence[ToldPress], trusted: Trusted
) -> dict[str, Judgement]:
    """What the presses of each user on a message come to."""
    made = by_user(told.press for told in pressed)
    return {user: judge(message.facts, presses, trusted) for user, presses in made.items()}


@dataclass(frozen=True, slots=True)
class _Sent:
    """What has to be known of a message to say who saw it."""

    key: MessageKey
    sent_at: int
    conversation_id: str | None
    sender: str | None


class _Receipts:
    """Who has read up to where in the conversations of messages, and which of these by name."""

    def __init__(self) -> None:
        self._conversations: dict[tuple[str, str], dict[str, int]] = {}
        self._named: dict[MessageKey, set[str]] = {}

    def expect(self, sent: _Sent) -> None:
        """Look for receipts of this message."""
        self._named[sent.key] = set()
        if sent.conversation_id is not None:
            self._conversations.setdefault((sent.key[0], sent.conversation_id), {})

    def add(self, bodies: Iterator[StoredBody]) -> None:
        """Note what the bodies of receipts say."""
        for app_id, conversation_id, reader, body in bodies:
            place = (app_id or "", conversation_id or "")
            if reader is None or (place not in self._conversations and conversation_id is not None):
                continue
            message_id = _message_id(body)
            if (named := self._named.get((place[0], message_id))) is not None:
                named.add(reader)
            number = _number(message_id)
            readers = self._conversations.get(place)
            if readers is not None and number is not None:
                readers[reader] = max(number, readers.get(reader, number))

    def of(self, sent: _Sent) -> set[str]:
        """Who saw a message, but for who sent it."""
        number = _number(sent.key[1])
        readers = self._conversations.get((sent.key[0], sent.conversation_id or ""), {})
        covered = {user for user, last in readers.items() if number is not None and last >= number}
        return (covered | self._named[sent.key]) - {sent.sender or ""}


@dataclass(slots=True)
class _Counted:
    """What is counted so far."""

    trusted: Trusted
    sent: list[_Sent] = field(default_factory=list)
    receipts: _Receipts = field(default_factory=_Receipts)
    interacted: list[int] = field(default_factory=list)
    completed: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def add(self, journal: Journal, messages: Sequence[StoredMessage]) -> None:
        """Count messages, and what became of them."""
        pressed = journal.interactions.presses(messages)
        completions = journal.interactions.completions(messages)
        for message in messages:
            self._send(message)
            judged = judged_users(message, pressed.get(message.key, ()), self.trusted)
            done = completions.get(message.key, ())
            active = {user for user, each in judged.items() if each.interactions}
            self.interacted.append(len(active | {each.user for each in done}))
            self.completed.append(len(done))
            for each in done:
                # What was edited since may not be met any more by what met it then.
                at = _met_at(message, judged.get(each.user)) or each.at
                self.seconds.append(max(0, at - (message.sent_at or at)) / 1000)

    def funnel(self) -> Funnel:
        """All of it."""
        return Funnel(
            sent=len(self.sent),
            seen=_reached(len(self.receipts.of(each)) for each in self.sent),
            interacted=_reached(iter(self.interacted)),
            completed=_reached(iter(self.completed)),
            median_seconds=round(median(self.seconds), 3) if self.seconds else None,
        )

    def _send(self, message: StoredMessage) -> None:
        sender = None if message.facts is None else message.facts.sender
        sent = _Sent(message.key, message.sent_at or 0, message.conversation_id, sender)
        self.sent.append(sent)
        self.receipts.expect(sent)


def _reached(users: Iterator[int]) -> Reached:
    found = [number for number in users if number]
    return Reached(len(found), sum(found))


def _met_at(message: StoredMessage, judgement: Judgement | None) -> int | None:
    if message.facts is None or judgement is None:
        return None
    return message.facts.goal.met_at(judgement.interactions)


def _message_id(body: bytes) -> str:
    try:
        decoded = decode(body)
    except NotJsonError:
        return ""
    data = decoded.get("data")
    return Receipt(data, "read").message_id if isinstance(data, dict) else ""


def _number(message_id: str) -> int | None:
    is_number = message_id.isascii() and message_id.isdigit() and len(message_id) <= _MOST_DIGITS
    return int(message_id) if is_number else None
