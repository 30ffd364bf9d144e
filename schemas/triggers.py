"""The table of triggers: what each is called, how it is written, and what it cannot be without.

Adding a trigger is one entry. A trigger that is not here is accepted with nothing but its envelope.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any

from schemas import messages, presence, receipts
from schemas.envelope import EnvelopeSchema, Family, Shape, data_of


@dataclass(frozen=True)
class Form:
    """A shape that a trigger's body may have, with the paths in the body that it cannot be without."""

    shape: Shape
    required: tuple[str, ...] = ()

    @cached_property
    def schema(self) -> EnvelopeSchema:
        """The schema that accepts or refuses such a body; built once, when first asked for."""
        return self.shape.schema(self.required)


@dataclass(frozen=True)
class Trigger:
    """One entry of the table.

    `canonical` is our own name, the same for both generations of webhooks. `forms` are tried in order and
    the first whose shape fits is taken; when none fits, the first one says what is missing. `in_flight`:
    CometChat waits for the answer, which decides on the message.
    """

    name: str
    canonical: str | None
    family: Family | None
    forms: tuple[Form, ...]
    in_flight: bool = False

    def form_of(self, body: Mapping[str, Any]) -> Form:
        """The form in which `body` is written."""
        data = data_of(body)
        return next((form for form in self.forms if form.shape.fits(data)), self.forms[0])


def _below(prefix: str, keys: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"{prefix}.{key}" for key in keys)


_IN_FLIGHT = ("sender", "receiver", "receiverType", "category", "type")
_MESSAGE = ("id", *_IN_FLIGHT)

_NESTED = Form(messages.NESTED, _below("data.message", _MESSAGE))
_FLAT = Form(messages.FLAT, _below("data", _MESSAGE))
_NESTED_IN_FLIGHT = Form(messages.NESTED, _below("data.message", _IN_FLIGHT))
_FLAT_IN_FLIGHT = Form(messages.FLAT, _below("data", _IN_FLIGHT))

_RECEIPT = Form(receipts.CURRENT, ("data.body.messageId", "data.body.user.uid", "data.body.timestamp"))
_DELIVERED = Form(receipts.LEGACY_DELIVERED, ("data.messageId", "data.receiptSender", "data.deliveredAt"))
_READ = Form(receipts.LEGACY_READ, ("data.messageId", "data.receiptSender", "data.readAt"))

_PRESENCE = Form(
    presence.CURRENT, ("data.user.uid", "data.status|data.currentConnection.action", "data.timestamp")
)
_LEGACY_PRESENCE = Form(
    presence.LEGACY,
    ("data.user.uid", "data.user.status|data.event.type", "data.event.at|data.user.status_updated_at"),
)

_TABLE = (
    Trigger(
        "before_message",
        "message.before",
        Family.MESSAGE,
        (_FLAT_IN_FLIGHT, _NESTED_IN_FLIGHT),
        in_flight=True,
    ),
    Trigger("after_message", "message.sent", Family.MESSAGE, (_FLAT, _NESTED)),
    Trigger("message_sent", "message.sent", Family.MESSAGE, (_NESTED, _FLAT)),
    Trigger("message_delivery_receipt", "message.delivered", Family.RECEIPT, (_RECEIPT, _DELIVERED)),
    Trigger("message_read_receipt", "message.read", Family.RECEIPT, (_RECEIPT, _READ)),
    Trigger(
        "after_connection_status_changed", "user.presence", Family.PRESENCE, (_LEGACY_PRESENCE, _PRESENCE)
    ),
    Trigger("user_connection_status_change", "user.presence", Family.PRESENCE, (_LEGACY_PRESENCE, _PRESENCE)),
    Trigger(
        "user_connection_status_changed", "user.presence", Family.PRESENCE, (_PRESENCE, _LEGACY_PRESENCE)
    ),
)

TRIGGERS: Mapping[str, Trigger] = MappingProxyType({entry.name: entry for entry in _TABLE})
"""Every trigger with a schema of its own, by name."""

_ENVELOPE = Form(
    Shape("envelope", None, EnvelopeSchema, lambda data: not messages.is_nested(data), lambda data: data)
)
UNKNOWN = Trigger("", None, None, (_ENVELOPE, Form(messages.NESTED)))
"""What stands in for a trigger without an entry: nothing beyond the envelope is required, and a message,
when there is one, still says which conversation the event belongs to."""


def entry_for(trigger: str | None) -> Trigger:
    """The table's entry for `trigger`, or `UNKNOWN`."""
    return TRIGGERS.get(trigger, UNKNOWN) if trigger else UNKNOWN


def is_in_flight(trigger: str | None) -> bool:
    """Whether CometChat holds a message back until such an event has been answered."""
    return entry_for(trigger).in_flight
