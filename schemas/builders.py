"""The typed objects, built from what is on the wire without refusing anything.

Each is built from either shape that CometChat writes it in: webhooks give a uid and, elsewhere, the user;
objects of the SDKs nest the user, and put `text`, `url` and `metadata` at the top. A value that is missing
or of the wrong type is None, or empty.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from schemas.keys import conversation_id
from schemas.objects import Attachment, Connection, Group, Message, Presence, Receipt, User
from schemas.readonly import ReadOnlyDict
from schemas.rules import to_datetime, to_id, to_milliseconds, to_party, to_receiver_type, to_text

_NOTHING: dict[str, Any] = {}
_NOTHING_VIEW = ReadOnlyDict(_NOTHING)


def message_from(wire: Mapping[str, Any]) -> Message:
    """The message that an object of the wire, of a webhook or of an SDK, stands for."""
    data = _object(wire.get("data"))
    entities = _object(data.get("entities"))
    receiver_type = to_receiver_type(wire.get("receiverType"))
    sender = user_from(wire.get("sender"), _entity(entities, "sender"))
    receiver = _receiver_from(receiver_type, wire.get("receiver"), _entity(entities, "receiver"))
    receiver_id = receiver.guid if isinstance(receiver, Group) else receiver.uid
    return Message(
        id=to_id(wire.get("id")) or "",
        category=to_text(wire.get("category")) or "",
        type=to_text(wire.get("type")) or "",
        text=to_text(data.get("text")) or to_text(wire.get("text")) or "",
        conversation_id=to_text(wire.get("conversationId"))
        or conversation_id(receiver_type, receiver_id, sender.uid),
        sender=sender,
        receiver=receiver,
        receiver_type=receiver_type,
        sent_at=_time(wire.get("sentAt")),
        updated_at=_time(wire.get("updatedAt")),
        edited_at=_time(wire.get("editedAt")),
        deleted_at=_time(wire.get("deletedAt")),
        muid=to_id(wire.get("muid")),
        parent_id=_parent_id(wire),
        tags=_texts(wire.get("tags")) or _texts(data.get("tags")),
        metadata=_view(data.get("metadata") or wire.get("metadata")),
        attachments=_attachments(wire, data),
        custom_data=_custom_data(wire, data),
        data=ReadOnlyDict(data),
    )


def receipt_from(data: Mapping[str, Any], action: str) -> Receipt:
    """The receipt that the `data` of a body stands for; `action` is `delivered` or `read`."""
    body = _object(data.get("body"))
    at = body.get("timestamp") if body else data.get("readAt" if action == "read" else "deliveredAt")
    return Receipt(
        message_id=to_id((body or data).get("messageId")) or "",
        action=action,
        user=user_from(body.get("user") if body else data.get("receiptSender")),
        at=_time(at),
        message_sender=to_party(data.get("messageSender")),
        receiver_type=to_receiver_type(data.get("receiverType")),
        receiver=to_party(data.get("receiver")) or to_party(data.get("receiptReceiver")),
    )


def presence_from(data: Mapping[str, Any]) -> Presence:
    """The connection event that the `data` of a body stands for."""
    user, event, current = (_object(data.get(key)) for key in ("user", "event", "currentConnection"))
    connection = _connection_from(current or _object(event.get("event_for")))
    changed = data.get("userPresenceChanged", user.get("status_updated"))
    return Presence(
        uid=to_text(user.get("uid")) or "",
        user=user_from(user),
        status=to_text(data.get("status")) or to_text(user.get("status")) or "",
        action=to_text(current.get("action")) or to_text(event.get("type")) or "",
        changed=changed if isinstance(changed, bool) else None,
        at=_time(data.get("timestamp")) or _time(event.get("at")) or _time(user.get("status_updated_at")),
        session_id=connection.session_id,
        platform=connection.platform,
        connections=tuple(_connection_from(item) for item in _objects(data.get("connections"))),
    )


def user_from(value: Any, entity: Any = None) -> User:
    """The user that `value`, a uid or a user object, stands for.

    `entity` is what the body says about users elsewhere; it counts when it is about the same user.
    """
    uid = to_party(value) or to_party(entity) or ""
    details = _details(value, entity, "uid", uid)
    return User(
        uid=uid,
        name=to_text(details.get("name")),
        avatar=to_text(details.get("avatar")),
        link=to_text(details.get("link")),
        role=to_text(details.get("role")),
        status=to_text(details.get("status")),
        status_message=to_text(details.get("statusMessage")),
        last_active_at=_time(details.get("lastActiveAt")),
        tags=_texts(details.get("tags")),
        metadata=_view(details.get("metadata")),
    )


def group_from(value: Any, entity: Any = None) -> Group:
    """The group that `value`, a guid or a group object, stands for; `entity` as for `user_from`."""
    guid = to_party(value) or to_party(entity) or ""
    details = _details(value, entity, "guid", guid)
    return Group(
        guid=guid,
        name=to_text(details.get("name")),
        type=to_text(details.get("type")),
        icon=to_text(details.get("icon")),
        description=to_text(details.get("description")),
        owner=to_party(details.get("owner")),
        created_at=_time(details.get("createdAt")),
        updated_at=_time(details.get("updatedAt")),
        tags=_texts(details.get("tags")),
        metadata=_view(details.get("metadata")),
    )


def _receiver_from(receiver_type: str | None, value: Any, entity: Any) -> User | Group:
    is_group = receiver_type == "group" or (
        receiver_type is None and ("guid" in _object(value) or "guid" in _object(entity))
    )
    return group_from(value, entity) if is_group else user_from(value, entity)


def _details(value: Any, entity: Any, id_key: str, identifier: str) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    details = _object(entity)
    return details if details.get(id_key, identifier) == identifier else _NOTHING


def _attachments(wire: Mapping[str, Any], data: Mapping[str, Any]) -> tuple[Attachment, ...]:
    listed = tuple(
        Attachment(
            url=to_text(item.get("url")) or "",
            name=to_text(item.get("name")),
            mime_type=to_text(item.get("mimeType")),
            extension=to_text(item.get("extension")),
            size=_size(item.get("size")),
        )
        for item in _objects(data.get("attachments"))
    )
    url = to_text(data.get("url")) or to_text(wire.get("url"))
    return listed or ((Attachment(url=url),) if url else ())


def _custom_data(wire: Mapping[str, Any], data: Mapping[str, Any]) -> ReadOnlyDict | None:
    candidates = (data.get("customData"), wire.get("customData"))
    return next((ReadOnlyDict(custom) for custom in candidates if isinstance(custom, dict)), None)


def _parent_id(wire: Mapping[str, Any]) -> str | None:
    parent = to_id(wire.get("parentId")) or to_id(wire.get("parentMessageId"))
    return None if parent == "0" else parent


def _connection_from(wire: Mapping[str, Any]) -> Connection:
    return Connection(
        session_id=to_text(wire.get("session_id")) or to_text(wire.get("sessionId")),
        device_id=to_text(wire.get("cometchat_device_id")),
        platform=to_text(wire.get("platform")),
        connected_at=_time(wire.get("connected_at")) or _time(wire.get("connectedAt")),
    )


def _entity(entities: Mapping[str, Any], key: str) -> Any:
    return _object(entities.get(key)).get("entity")


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else _NOTHING


def _view(value: Any) -> ReadOnlyDict:
    return ReadOnlyDict(value) if isinstance(value, dict) else _NOTHING_VIEW


def _objects(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def _size(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _time(value: Any) -> datetime | None:
    return None if value is None else to_datetime(to_milliseconds(value))
