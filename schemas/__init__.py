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
from comethooks.schemas.event.attributes import ATTRIBUTES, Attribute
from comethooks.schemas.event.calls import Call, Participant, Recording
from comethooks.schemas.event.campaigns import Campaign
from comethooks.schemas.event.cards import (
    AgentElement,
    Card,
    CardAction,
    CardElement,
    card_of,
)
from comethooks.schemas.event.event import Event, kind_of
from comethooks.schemas.event.interactions import Meeting, ReceivedInteraction
from comethooks.schemas.event.interactive import (
    Element,
    ElementInteraction,
    ElementOption,
    InteractionGoal,
    Interactive,
    interactive_of,
)
from comethooks.schemas.event.kinds import (
    KINDS,
    CallEvent,
    CampaignEvent,
    CompletionEvent,
    GroupEvent,
    InteractionEvent,
    MessageEvent,
    ModerationEvent,
    NotificationEvent,
    PresenceEvent,
    ReactionEvent,
    ReceiptEvent,
    RecordingEvent,
    SilenceEvent,
)
from comethooks.schemas.event.messages import Action, Attachment, Message
from comethooks.schemas.event.moderation import Moderation
from comethooks.schemas.event.notifications import Notification
from comethooks.schemas.event.ours import AppSilence, Completion
from comethooks.schemas.event.people import Group, Member, User
from comethooks.schemas.event.presence import Connection, Presence
from comethooks.schemas.event.reactions import Reaction
from comethooks.schemas.event.readonly import ReadOnlyDict, ReadOnlyList
from comethooks.schemas.event.receipts import Receipt
from comethooks.schemas.event.votes import DecisionAction, Vote
from comethooks.schemas.masking import masked, redacted
from comethooks.schemas.parsing import Parsed, parse
from comethooks.schemas.triggers.table import (
    COMETCHAT,
    DOCTOR,
    ECHO,
    OURS,
    TRIGGERS,
    UNKNOWN,
    entry_for,
    entry_of,
    is_in_flight,
)
from comethooks.schemas.triggers.trigger import Form, Keep, Sender, Trigger

__all__ = [
    "ATTRIBUTES",
    "COMETCHAT",
    "DOCTOR",
    "ECHO",
    "KINDS",
    "OURS",
    "TRIGGERS",
    "UNKNOWN",
    "Action",
    "AgentElement",
    "AppSilence",
    "Attachment",
    "Attribute",
    "Call",
    "CallEvent",
    "Campaign",
    "CampaignEvent",
    "Card",
    "CardAction",
    "CardElement",
    "Completion",
    "CompletionEvent",
    "Connection",
    "DecisionAction",
    "Drift",
    "DriftKind",
    "Element",
    "ElementInteraction",
    "ElementOption",
    "Event",
    "Form",
    "Group",
    "GroupEvent",
    "InteractionEvent",
    "InteractionGoal",
    "Interactive",
    "InvalidBodyError",
    "Keep",
    "Meeting",
    "Member",
    "Message",
    "MessageEvent",
    "Moderation",
    "ModerationEvent",
    "NotJsonError",
    "Notification",
    "NotificationEvent",
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
    "ReceivedInteraction",
    "Recording",
    "RecordingEvent",
    "SchemaError",
    "Sender",
    "SilenceEvent",
    "Trigger",
    "User",
    "Vote",
    "card_of",
    "decode",
    "entry_for",
    "entry_of",
    "interactive_of",
    "is_in_flight",
    "kind_of",
    "masked",
    "parse",
    "redacted",
    "trigger_of",
]
