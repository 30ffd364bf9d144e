"""What filters can ask of events beside their trigger: attributes by name, and which forms of which
triggers have them.

Each is read as handlers read it, so that a handler never sees what its filter left out. Which forms
have it follows from what the tables of shapes and families say of them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from comethooks.schemas.event.event import Event
from comethooks.schemas.event.messages import Message
from comethooks.schemas.event.people import Group, User
from comethooks.schemas.triggers import families
from comethooks.schemas.triggers.trigger import Form


@dataclass(frozen=True, slots=True)
class Attribute:
    """Something that an event has one value of, several, or none.

    `read` gives the values; `is_in` says whether events of a form have such a thing at all.
    """

    name: str
    read: Callable[[Event], tuple[str, ...]]
    is_in: Callable[[Form], bool]
    any_case: bool = True
    """Whether values that differ in their case are the same: CometChat writes ids of users and
    groups in small letters, and SDKs write types as they like."""
    in_body: bool = False
    """Whether each value is an id or a text that stands in the body as it is."""


def _one(value: str | None) -> tuple[str, ...]:
    return (value,) if value else ()


def _subject(*names: str) -> Callable[[Form], bool]:
    """Whether the subject of a form has a place for one of `names`."""
    return lambda form: any(name in form.shape.subject for name in names)


def _receiver(event: Event) -> User | Group | str | None:
    for about in (event.notification, event.receipt, event.campaign, event.message, event.call):
        if about is not None:
            return about.receiver
    return None


def _receiver_id(event: Event) -> tuple[str, ...]:
    receiver = _receiver(event)
    if isinstance(receiver, User):
        return _one(receiver.uid)
    return _one(receiver.guid if isinstance(receiver, Group) else receiver)


def _receiver_type(event: Event) -> tuple[str, ...]:
    for about in (event.notification, event.receipt, event.message):
        if about is not None:
            return _one(about.receiver_type)
    receiver = _receiver(event)
    return _one(_TYPES.get(type(receiver)))


_TYPES: Mapping[type, str] = {User: "user", Group: "group"}


def _of_message(read: Callable[[Message], tuple[str, ...]]) -> Callable[[Event], tuple[str, ...]]:
    return lambda event: () if event.message is None else read(event.message)


_ALL = (
    Attribute(
        "category",
        _of_message(lambda message: _one(message.category)),
        _subject("category"),
        in_body=True,
    ),
    Attribute(
        "type", _of_message(lambda message: _one(message.type)), _subject("type"), in_body=True
    ),
    Attribute(
        "sender",
        lambda event: () if event.sender is None else _one(event.sender.uid),
        lambda form: bool(form.family.sender),
        in_body=True,
    ),
    Attribute("receiver", _receiver_id, _subject("receiver", "user", "to"), in_body=True),
    Attribute("receiver_type", _receiver_type, _subject("receiverType", "user", "to")),
    Attribute(
        "conversation",
        lambda event: _one(event.conversation_id),
        lambda form: bool(form.family.conversation),
    ),
    # Who has a category is a message, and messages have tags.
    Attribute(
        "tag",
        _of_message(lambda message: message.tags),
        _subject("category"),
        any_case=False,
        in_body=True,
    ),
    Attribute(
        "decision",
        lambda event: _one(event.decision),
        lambda form: form.family in (families.IN_FLIGHT, families.REVIEW),
    ),
    Attribute("app", lambda event: _one(event.app_id), lambda form: True),
)

ATTRIBUTES: Mapping[str, Attribute] = MappingProxyType({each.name: each for each in _ALL})
"""All there are, by the name that a filter has for it."""
