"""Connection events: somebody came, or went. One event a connection, not one a user."""

from collections.abc import Mapping
from typing import Any

from schemas.envelope import EnvelopeSchema, Family, Shape, WireSchema
from schemas.fields import Object, Text, Time

_CURRENT_MARKS = frozenset(("timestamp", "status", "currentConnection", "userPresenceChanged"))
_LEGACY_MARKS = frozenset(("event", "connections"))


class _UserSchema(WireSchema):
    uid = Text()


class _ConnectionSchema(WireSchema):
    action = Text()
    platform = Text()
    connectedAt = Time()
    sessionId = Text()


class _CurrentDataSchema(WireSchema):
    user = Object(_UserSchema)
    status = Text()
    timestamp = Time()
    currentConnection = Object(_ConnectionSchema)


class CurrentPresenceSchema(EnvelopeSchema):
    """The body of a current connection event."""

    data = Object(_CurrentDataSchema, required=True)


class _LegacyUserSchema(WireSchema):
    uid = Text()
    status = Text()
    status_updated_at = Time()


class _LegacyConnectionSchema(WireSchema):
    session_id = Text()
    connected_at = Time()
    platform = Text()


class _LegacyEventSchema(WireSchema):
    type = Text()
    at = Time()
    event_for = Object(_LegacyConnectionSchema)


class _LegacyDataSchema(WireSchema):
    user = Object(_LegacyUserSchema)
    event = Object(_LegacyEventSchema)


class LegacyPresenceSchema(EnvelopeSchema):
    """The body of a legacy connection event, which writes its keys with underscores."""

    data = Object(_LegacyDataSchema, required=True)


def is_current(data: Mapping[str, Any]) -> bool:
    """Whether `data` is that of a current connection event."""
    return not _CURRENT_MARKS.isdisjoint(data)


def is_legacy(data: Mapping[str, Any]) -> bool:
    """Whether `data` is that of a legacy connection event."""
    user = data.get("user")
    return not _LEGACY_MARKS.isdisjoint(data) or (isinstance(user, dict) and "status_updated_at" in user)


def _current_subject(data: dict[str, Any]) -> dict[str, Any]:
    connection = data["currentConnection"]
    return {
        "uid": data["user"]["uid"],
        "status": data["status"],
        "action": connection["action"],
        "at": data["timestamp"],
        "session": (connection["sessionId"], connection["connectedAt"], connection["platform"]),
    }


def _legacy_subject(data: dict[str, Any]) -> dict[str, Any]:
    event, connection = data["event"], data["event"]["event_for"]
    return {
        "uid": data["user"]["uid"],
        "status": data["user"]["status"],
        "action": event["type"],
        "at": event["at"] or data["user"]["status_updated_at"],
        "session": (connection["session_id"], connection["connected_at"], connection["platform"]),
    }


CURRENT = Shape("current", Family.PRESENCE, CurrentPresenceSchema, is_current, _current_subject)
LEGACY = Shape("legacy", Family.PRESENCE, LegacyPresenceSchema, is_legacy, _legacy_subject)
