"""Connection events: somebody came, or went. One event a connection, not one a user."""

from collections.abc import Mapping
from typing import Any

from comethooks.schemas.wire.envelope import EnvelopeSchema, Shape, WireSchema
from comethooks.schemas.wire.fields import Flag, Id, Object, Objects, Text, Time
from comethooks.schemas.wire.people import UserSchema

_CURRENT_MARKS = frozenset(("timestamp", "status", "currentConnection", "userPresenceChanged"))
_LEGACY_MARKS = frozenset(("event", "connections"))


class _ConnectionSchema(WireSchema):
    action = Text()
    platform = Text()
    connectedAt = Time()
    sessionId = Id()
    deviceId = Text()


class _CurrentPresenceDataSchema(WireSchema):
    user = Object(UserSchema)
    status = Text()
    timestamp = Time()
    currentConnection = Object(_ConnectionSchema)
    connections = Objects(_ConnectionSchema)
    userPresenceChanged = Flag()


class CurrentPresenceSchema(EnvelopeSchema):
    """The body of a current connection event."""

    data = Object(_CurrentPresenceDataSchema, required=True)


class _LegacyUserSchema(UserSchema):
    status_updated = Flag()
    status_updated_at = Time()


class _LegacyConnectionSchema(WireSchema):
    session_id = Id()
    connected_at = Time()
    cometchat_device_id = Text()
    platform = Text()


class _LegacyEventSchema(WireSchema):
    type = Text()
    at = Time()
    event_for = Object(_LegacyConnectionSchema)


class _LegacyPresenceDataSchema(WireSchema):
    user = Object(_LegacyUserSchema)
    event = Object(_LegacyEventSchema)
    connections = Objects(_LegacyConnectionSchema)


class LegacyPresenceSchema(EnvelopeSchema):
    """The body of a legacy connection event, which writes its keys with underscores."""

    data = Object(_LegacyPresenceDataSchema, required=True)


def is_current(data: Mapping[str, Any]) -> bool:
    """Whether `data` is that of a current connection event."""
    return not _CURRENT_MARKS.isdisjoint(data)


def is_legacy(data: Mapping[str, Any]) -> bool:
    """Whether `data` is that of a legacy connection event."""
    user = data.get("user")
    return not _LEGACY_MARKS.isdisjoint(data) or (
        isinstance(user, dict) and "status_updated_at" in user
    )


CURRENT = Shape(
    "current",
    CurrentPresenceSchema,
    is_current,
    {"uid": "data.user.uid", "at": "data.timestamp"},
)
LEGACY = Shape(
    "legacy",
    LegacyPresenceSchema,
    is_legacy,
    {
        "uid": "data.user.uid",
        "at": "data.event.at",
        "changed": "data.user.status_updated_at",
    },
)
