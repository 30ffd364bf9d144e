"""The table of families: which fields tell a conversation, a sender and a time of an event.

The names are those of the subject that the shapes of `schemas.wire` give. `comethooks triggers`
prints the table in words.
"""

from dataclasses import dataclass, replace
from typing import Any

from comethooks.schemas.triggers.identity import Routing, Subject, conversation_of

Names = tuple[str, ...]


# Compared by identity, because families are looked up by it for every event.
@dataclass(frozen=True, slots=True, eq=False)
class Family:
    """A kind of event.

    `conversation` says for people whose conversation it is, and is empty when it belongs to none.
    Each of `sender`, `occurred` and `neighbours` is a choice: the first that has a value counts. An
    event whose trigger has a time of its own occurred then, whatever `occurred` names.
    """

    name: str
    conversation: str = ""
    sender: Names = ()
    occurred: Names = ("at",)
    neighbours: tuple[tuple[str, str], ...] = ()
    """Of events without a conversation: the prefix of their key, and the name of what follows."""

    def routing(self, subject: Subject, own_time: int | None) -> Routing:
        """Where an event about `subject` belongs, which happened at `own_time` if it says so."""
        sender = first_of(subject, self.sender)
        if isinstance(sender, dict):
            sender = min(sender, default=None)
        neighbours = None
        for kind, name in self.neighbours:
            if value := subject.get(name):
                neighbours = f"{kind}:{value}"
                break
        occurred = own_time or first_of(subject, self.occurred)
        return Routing(conversation_of(subject, sender), sender, occurred, neighbours)


def first_of(subject: Subject, names: Names) -> Any:
    """The first of what `names` name that has a value; None when none has."""
    for name in names:
        if value := subject.get(name):
            return value
    return None


MESSAGE = Family(
    "message",
    conversation="the message's",
    sender=("sender",),
    occurred=("sentAt", "updatedAt"),
)
IN_FLIGHT = replace(MESSAGE, name="message in flight")
CHANGE = replace(MESSAGE, occurred=("updatedAt", "sentAt"))
RECEIPT = Family("receipt", conversation="the message's", sender=("who",))
REACTION = Family("reaction", conversation="the message's if named", sender=("who",))
PRESENCE = Family("presence", sender=("uid",), occurred=("at", "changed"))
# Who joins or leaves does so without a `by`.
GROUP = Family("group", conversation="the group's", sender=("by", "members"))
BLOCK = Family("block", sender=("by",), occurred=())
CALL = Family(
    "call",
    conversation="the call's",
    sender=("sender",),
    neighbours=(("call", "session"),),
)
SESSION = Family("session", neighbours=(("call", "session"),))
RECORDING = Family("recording", neighbours=(("call", "session"),))
REVIEW = replace(CHANGE, name="review")
JUDGED = replace(CHANGE, name="moderation")
FAILED = replace(JUDGED, occurred=("at", "updatedAt", "sentAt"))
CAMPAIGN = Family("campaign", neighbours=(("user", "receiver"), ("campaign", "id")))
PIN = Family(
    "conversation", conversation="the pinned one if named", sender=("sender",), occurred=()
)
NOTIFICATION = Family(
    "notification",
    conversation="the message's",
    sender=("sender",),
    occurred=("sentAt",),
    neighbours=(("call", "session"), ("user", "to")),
)
INTERACTION = Family(
    "interaction", conversation="the message's if named", sender=("who",), occurred=()
)
COMPLETION = Family("completion", conversation="the message's", sender=("sender",), occurred=())
SILENCE = Family("silence", occurred=())
OTHER = Family("other", occurred=())
NESTED_OTHER = Family(
    "other",
    conversation="the message's if it has one",
    sender=("sender",),
    occurred=("sentAt", "updatedAt"),
)
