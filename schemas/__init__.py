"""The wire: what CometChat sends, as Marshmallow schemas, and the typed event made of it.

Pure functions of bytes; nothing here knows of HTTP, Redis or SQL. The way of a body:

    body = decode(raw)              # NotJsonError: answer 400
    parsed = parse(body, raw)       # InvalidBodyError: answer 422, field by field
    event = Event(id=..., trigger=parsed.trigger, ..., raw=raw)   # later, for the plugins

What is accepted is decided by the schemas alone, and what they require stands in one table,
`TRIGGERS`. An unknown trigger and unknown fields are kept. `masked(body)` is a body that may be
shown.
"""

from comethooks.schemas.decoding import decode, trigger_of
from comethooks.schemas.drift import Drift, DriftKind
from comethooks.schemas.errors import InvalidBodyError, NotJsonError, SchemaError
from comethooks.schemas.event.calls import Call, Participant, Recording
from comethooks.schemas.event.campaigns import Campaign
from comethooks.schemas.event.event import Event, kind_of
from comethooks.schemas.event.kinds import (
    KINDS,
    CallEvent,
    CampaignEvent,
    GroupEvent,
    MessageEvent,
    ModerationEvent,
    PresenceEvent,
    ReactionEvent,
    ReceiptEvent,
    RecordingEvent,
)
from comethooks.schemas.event.messages import Action, Attachment, Message
from comethooks.schemas.event.moderation import Moderation
from comethooks.schemas.event.people import Group, Member, User
from comethooks.schemas.event.presence import Connection, Presence
from comethooks.schemas.event.reactions import Reaction
from comethooks.schemas.event.readonly import ReadOnlyDict, ReadOnlyList
from comethooks.schemas.event.receipts import Receipt
from comethooks.schemas.masking import masked, redacted
from comethooks.schemas.parsing import Parsed, parse
from comethooks.schemas.triggers.table import (
    COMETCHAT,
    DOCTOR,
    ECHO,
    OURS,
    TRIGGERS,
    entry_for,
    is_in_flight,
)
from comethooks.schemas.triggers.trigger import Form, Keep, Sender, Trigger

__all__ = [
    "COMETCHAT",
    "DOCTOR",
    "ECHO",
    "KINDS",
    "OURS",
    "TRIGGERS",
    "Action",
    "Attachment",
    "Call",
    "CallEvent",
    "Campaign",
    "CampaignEvent",
    "Connection",
    "Drift",
    "DriftKind",
    "Event",
    "Form",
    "Group",
    "GroupEvent",
    "InvalidBodyError",
    "Keep",
    "Member",
    "Message",
    "MessageEvent",
    "Moderation",
    "ModerationEvent",
    "NotJsonError",
    "Parsed",
    "Participant",
    "Presence",
    "PresenceEvent",
    "Reaction",
    "ReactionEvent",
    "ReadOnlyDict",
    "ReadOnlyList",
    "Receipt",
    "ReceiptEvent",
    "Recording",
    "RecordingEvent",
    "SchemaError",
    "Sender",
    "Trigger",
    "User",
    "decode",
    "entry_for",
    "is_in_flight",
    "kind_of",
    "masked",
    "parse",
    "redacted",
    "trigger_of",
]
