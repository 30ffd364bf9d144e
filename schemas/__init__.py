"""The wire: what CometChat sends, as Marshmallow schemas, and the typed event made of it.

Pure functions of bytes; nothing here knows of HTTP, Redis or SQL. The way of a body:

    body = decode(raw)              # NotJsonError: answer 400
    parsed = parse(body, raw)       # InvalidBodyError: answer 422, field by field
    event = Event(id=..., trigger=parsed.trigger, ..., raw=raw)   # later, for the plugins

What is accepted is decided by the schemas alone, and what they require stands in one table, `TRIGGERS`.
An unknown trigger and unknown fields are kept. `masked(body)` is a body that may be shown.
"""

from schemas.decoding import decode, trigger_of
from schemas.errors import InvalidBodyError, NotJsonError, SchemaError
from schemas.event import Event
from schemas.masking import masked
from schemas.objects import Attachment, Connection, Group, Message, Presence, Receipt, User
from schemas.parsing import Parsed, parse
from schemas.readonly import ReadOnlyDict, ReadOnlyList
from schemas.triggers import TRIGGERS, Form, Trigger, is_in_flight

__all__ = [
    "TRIGGERS",
    "Attachment",
    "Connection",
    "Event",
    "Form",
    "Group",
    "InvalidBodyError",
    "Message",
    "NotJsonError",
    "Parsed",
    "Presence",
    "ReadOnlyDict",
    "ReadOnlyList",
    "Receipt",
    "SchemaError",
    "Trigger",
    "User",
    "decode",
    "is_in_flight",
    "masked",
    "parse",
    "trigger_of",
]
