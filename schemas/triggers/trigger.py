"""What a trigger is: its names, its forms, who sends it, and what becomes of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType
from typing import Any

from comethooks.schemas.triggers.families import Family
from comethooks.schemas.wire.cards import tool_message
from comethooks.schemas.wire.compiled import compiled
from comethooks.schemas.wire.envelope import EnvelopeSchema, Shape, data_of


class Sender(StrEnum):
    """Who sends a trigger. An app has one of CometChat's two generations of webhooks."""

    LEGACY = "legacy"
    CURRENT = "current"
    PROVIDER = "provider"
    """Custom notification providers: the current envelope, with `webhook` "custom"."""
    MODERATION = "moderation"
    """Lists of CometChat's moderation that ask a Custom API, at a URL of its own."""
    CLIENT = "client"
    """The UI Kits of the end users, who are not CometChat."""
    OPERATOR = "operator"
    """Whoever tries out whether the service is there."""
    OURS = "comethooks"
    """Made here, and never taken from a body that comes in."""


class Keep(StrEnum):
    """What becomes of an event that was accepted."""

    KEEP = "keep"
    COUNT = "count"
    """Answered and counted, not stored."""


@dataclass(frozen=True)
class Form:
    """One way in which a trigger's body may be written.

    `family` is what kind of event it then is, `required` the paths that it cannot be without.
    """

    shape: Shape
    family: Family
    required: tuple[str, ...] = ()

    @cached_property
    def schema(self) -> EnvelopeSchema:
        """The schema that accepts or refuses such a body; built once, when first asked for."""
        return self.shape.schema(self.required, self.shape.paths)

    @cached_property
    def forgiving_schema(self) -> EnvelopeSchema:
        """The same schema, requiring nothing but what every body has."""
        return self.shape.schema((), self.shape.paths)

    @cached_property
    def quick_load(self) -> Callable[[dict[str, Any]], dict[str, Any] | None]:
        """What the schema loads of a body, or None when the schema has to judge it."""
        return compiled(self.schema)


@dataclass(frozen=True)
class Trigger:
    """One entry of the table.

    `canonical` is our own name, the same for both generations of webhooks. `renamed` has the names
    of messages that nobody wrote: by the action, of those that tell of an action on a message, and
    by the type, of those that tell of an agent's tool. The first of `forms` whose shape
    fits a body is taken; when none fits, the first one says what is missing. `in_flight`: CometChat
    waits for the answer, which decides on the message.
    """

    name: str
    canonical: str | None
    forms: tuple[Form, ...]
    senders: frozenset[Sender] = frozenset((Sender.CURRENT,))
    own_times: tuple[str, ...] = ()
    """Which time in the subject is the event's own, and so no other event's: a choice.

    The time of a pin is that of what pinned, and says nothing of what unpinned, nor does the time
    when the message was sent. A time of the group or the message that an event is about, which
    stays as it is or moves for other reasons, would make two events one.
    """
    told_by: tuple[str, ...] = ()
    """What of the subject tells a repeat, for long; where it has none of the first, and where this
    is empty, the body does."""
    in_flight: bool = False
    keep: Keep = Keep.KEEP
    seen: bool = True
    """Whether anybody is known to have seen one; CometChat may not even know the name."""
    renamed: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def family(self) -> Family:
        """What kind of event it is."""
        return self.forms[0].family

    @property
    def is_ours(self) -> bool:
        """Whether it is made here, so that no body that comes in is one."""
        return Sender.OURS in self.senders

    @property
    def is_of_cometchat(self) -> bool:
        """Whether CometChat sends it, and neither a client nor an operator nor we ourselves."""
        return self.senders.isdisjoint((Sender.CLIENT, Sender.OPERATOR, Sender.OURS))

    def form_of(self, body: Mapping[str, Any]) -> Form:
        """The form in which `body` is written."""
        if len(self.forms) == 1:
            return self.forms[0]
        data = data_of(body)
        return next((form for form in self.forms if form.shape.fits(data)), self.forms[0])

    def name_of(self, subject: Mapping[str, Any]) -> str | None:
        """The canonical name of an event about `subject`."""
        if not self.renamed:
            return self.canonical
        category, kind = subject["category"], subject["type"]
        is_change = category == "action" and kind == "message"
        told = subject["action"] if is_change else tool_message(category, kind)
        return self.canonical if told is None else self.renamed.get(told, self.canonical)

    @property
    def names(self) -> tuple[str, ...]:
        """Every canonical name that its events may have, the usual one first."""
        return tuple(name for name in (self.canonical, *self.renamed.values()) if name)
