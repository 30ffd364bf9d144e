"""What CometChat's list has of a message, as the bodies that its webhooks would have had.

| category | trigger |
|---|---|
| all but the next two | `message_sent`; `message_edited` and `message_deleted` by its own times |
| `action` on a message | `message_edited`, `message_deleted`, if that is there, with its time |
| `action` on a member | `group_member_…`, if group and member are there |
| `call` | `call_…` of what rings; `call_started`, `call_ended`, if session and times are there |

Everything else is left out, and counted by its kind.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from comethooks.schemas.wire.rules import to_id, to_milliseconds, to_object, to_text
from comethooks.schemas.wire.shapes import changed_in

Message = Mapping[str, Any]
Data = dict[str, Any]

_OF_MEMBERS = {
    "joined": "group_member_joined",
    "left": "group_member_left",
    "added": "group_member_added",
    "kicked": "group_member_kicked",
    "banned": "group_member_banned",
    "unbanned": "group_member_unbanned",
    "scopeChanged": "group_member_scope_changed",
}
_BY_THEMSELVES = ("joined", "left")
"""Webhooks of these say no `by`."""
_RINGING = ("initiated", "unanswered", "cancelled", "rejected", "busy")
_CHANGES = {"edited": "editedAt", "deleted": "deletedAt"}
_BLOCKED = "disapproved"
"""The status of a message that moderation has blocked: no webhook tells that it was sent."""


class LeftOutError(Exception):
    """What the list has of a message is no event. The text is its kind, for people."""


class UnusableError(LeftOutError):
    """It does not say which message it is, or of when. The text says what is missing."""


@dataclass(frozen=True, slots=True)
class ToldEvent:
    """A trigger, the `data` of its body, and the id of the message that it is about, if any."""

    trigger: str
    data: Data
    message_id: str | None = None

    def body(self, app_id: str, region: str) -> Data:
        """The whole body."""
        return {"trigger": self.trigger, "data": self.data, "appId": app_id, "region": region}


def told_of(message: Message) -> list[ToldEvent]:
    """What webhooks would have told of a message in the list. Raises `LeftOutError`."""
    identifier = to_id(message.get("id"))
    if identifier is None:
        raise UnusableError("a message without an id")
    if to_milliseconds(message.get("sentAt")) is None:
        raise UnusableError(f"the message {identifier}, which has no sentAt")
    match message.get("category"):
        case "action":
            return [_of_action(message)]
        case "call":
            return [_of_call(message)]
        case _:
            return [*_of_written(message)]


def _of_written(message: Message) -> Iterator[ToldEvent]:
    moderation = to_object((to_object(message.get("data")) or {}).get("moderation")) or {}
    if moderation.get("status") == _BLOCKED:
        raise LeftOutError("blocked by moderation")
    data = {"message": {**message}}
    identifier = to_id(message.get("id"))
    yield ToldEvent("message_sent", data, identifier)
    for change, time in _CHANGES.items():
        if to_milliseconds(message.get(time)) is not None:
            yield ToldEvent(f"message_{change}", data, identifier)


def _of_action(message: Message) -> ToldEvent:
    action = _action_of(message)
    if (changed := changed_in(message)) is not None and action in _CHANGES:
        identifier = to_id(changed.get("id"))
        if identifier and to_milliseconds(changed.get(_CHANGES[action])):
            return ToldEvent(f"message_{action}", {"message": {**message}}, identifier)
    elif action in _OF_MEMBERS:
        group, member, by = (_entity(message, key) for key in ("for", "on", "by"))
        guid, uid = to_id(group.get("guid")), to_id(member.get("uid"))
        if guid and uid:
            data = {
                # The list has the group as it is now; its time is to be that of the action.
                "group": {**group, "updatedAt": message["sentAt"]},
                "members": {uid: {**member, **_scopes(message)}},
                **({} if action in _BY_THEMSELVES or not by else {"by": by}),
            }
            return ToldEvent(_OF_MEMBERS[action], data)
    raise LeftOutError(f"action {action or 'without a name'}")


def _scopes(message: Message) -> Data:
    extras = to_object((to_object(message.get("data")) or {}).get("extras")) or {}
    scope = to_object(extras.get("scope")) or {}
    named = {"scope": scope.get("new"), "oldScope": scope.get("old")}
    return {name: value for name, value in named.items() if to_text(value)}


def _of_call(message: Message) -> ToldEvent:
    call = _entity(message, "on")
    action = _action_of(message) or to_text(call.get("status")) or ""
    if action in _RINGING:
        return ToldEvent(f"call_{action}", {"call": {**message}}, to_id(message.get("id")))
    session = to_id(call.get("sessionid")) or to_id(call.get("sessionId"))
    started, ended = (
        call.get(name) if to_milliseconds(call.get(name)) else None
        for name in ("startedAt", "endedAt")
    )
    if session and started and action == "ongoing":
        return ToldEvent("call_started", {"sessionId": session, "created_at": started})
    if session and started and ended and action == "ended":
        times = {"created_at": started, "destroyed_at": ended}
        return ToldEvent("call_ended", {"sessionId": session, **times})
    raise LeftOutError(f"call {action or 'without a status'}")


def _action_of(message: Message) -> str:
    data = to_object(message.get("data")) or {}
    return to_text(data.get("action")) or to_text(message.get("action")) or ""


def _entity(message: Message, key: str) -> Data:
    data: Any = to_object(message.get("data")) or {}
    for each in ("entities", key, "entity"):
        data = to_object(data.get(each)) or {}
    found: Data = data
    return found
