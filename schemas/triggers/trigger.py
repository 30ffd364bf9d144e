"""What a trigger is: its names, its forms, who sends it, and what becomes of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType
from typing import Any

from comethooks.schemas.triggers.families import Family
from comethooks.schemas.wire.envelope import EnvelopeSchema, Shape, data_of


class Sender(StrEnum):
    """Who sends a trigger. An app has one of CometChat's two generations of webhooks."""

    LEGACY = "legacy"
    CURRENT = "current"
    PROVIDER = "provider"
    """Custom notification providers: the current envelope, with `webhook` "custom"."""
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


@dataclass(frozen=True)
class Trigger:
    """One entry of the table.

    `canonical` is our own name, the same for both generations of webhooks. `renamed` has the names
    of messages that tell of an action on a message, by the action. The first of `forms` whose shape
    fits a body is taken; when none fits, the first one says what is missing. `in_flight`: CometChat
    waits for the answer, which decides on the message.
    """

    name: str
    canonical: str | None
    forms: tuple[Form, ...]
    senders: frozenset[Sender] = frozenset((Sender.CURRENT,))
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

    def form_of(self, body: Mapping[str, Any]) -> Form:
        """The form in which `body` is written."""
        if len(self.forms) == 1:
            return self.forms[0]
        data = data_of(body)
        return next((form for form in self.forms if form.shape.fits(data)), self.forms[0])

    def name_of(self, subject: Mapping[str, Any]) -> str | None:
        """The canonical name of an event about `subject`."""
        if self.renamed and subject["category"] == "action" and subject["type"] == "message":
            return self.renamed.get(subject["action"], self.canonical)
        return self.canonical
