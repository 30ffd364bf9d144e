"""The wire: what CometChat sends, as Marshmallow schemas, and the typed event made of it.

Pure functions of bytes; nothing here knows of HTTP, Redis or SQL. The way of a body:

    body = decode(raw)              # NotJsonError: answer 400
    parsed = parse(body, raw)       # InvalidBodyError: answer 422, field by field
    event = Event(id=..., trigger=parsed.trigger, ..., raw=raw)   # later, for the plugins

What is accepted is decided by the schemas alone, and what they require stands in one table, `TRIGGERS`.
An unknown trigger and unknown fields are kept. `masked(body)` is a body that may be shown.
"""

from schemas.content import Action, Attachment, Message
from schemas.decoding import decode, trigger_of
from schemas.drift import Drift, DriftKind
from schemas.errors import InvalidBodyError, NotJsonError, SchemaError
from schemas.event import Event
from schemas.happenings import Campaign, Connection, Moderation, Presence, Reaction, Receipt
from schemas.masking import masked, redacted
from schemas.objects import Group, Member, User
from schemas.parsing import Parsed, parse
from schemas.readonly import ReadOnlyDict, ReadOnlyList
from schemas.sessions import Call, Participant, Recording
from schemas.trigger import Form, Generation, Keep, Trigger
from schemas.triggers import COMETCHAT, DOCTOR, ECHO, OURS, TRIGGERS, entry_for, is_in_flight

__all__ = [
    "COMETCHAT",
    "DOCTOR",
    "ECHO",
    "OURS",
    "TRIGGERS",
    "Action",
    "Attachment",
    "Call",
    "Campaign",
    "Connection",
    "Drift",
    "DriftKind",
    "Event",
    "Form",
    "Generation",
    "Group",
    "InvalidBodyError",
    "Keep",
    "Member",
    "Message",
    "Moderation",
    "NotJsonError",
    "Parsed",
    "Participant",
    "Presence",
    "Reaction",
    "ReadOnlyDict",
    "ReadOnlyList",
    "Receipt",
    "Recording",
    "SchemaError",
    "Trigger",
    "User",
    "decode",
    "entry_for",
    "is_in_flight",
    "masked",
    "parse",
    "redacted",
    "trigger_of",
]
