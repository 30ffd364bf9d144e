"""Which call of CometChat's Chat REST API does what to an app of the tests."""

from typing import Any

from comethooks.schemas import Message
from comethooks.schemas.triggers.identity import conversation_id
from comethooks.testing.chat_state import (
    ChatAnswer,
    ChatCall,
    ChatState,
    MarkedElements,
    SentMessage,
    done,
    refused,
)
from comethooks.workers.cometchat.outgoing import APP_USER

MOST_PINS = 100
_SENT_WITH = ("receiver", "receiverType", "category", "type", "data")
_SCOPES = ("admin", "moderator", "participant")
_REVIEWS = {
    "blocked-messages": ("approved", "rejected"),
    "flagged-messages": ("approved", "disapproved"),
}


def route(app: ChatState, call: ChatCall, parts: list[str], now: int) -> ChatAnswer | None:
    """Do what a call asks for at that time (seconds), whose path has these parts, and answer; None
    for what is no call that is known here.
    """
    match call.method, parts:
        case "POST", ["messages"]:
            return _send(app, call, call.as_user, now)
        case "POST", ["bots", bot, "messages"]:
            return _send(app, call, bot.lower(), now)
        case "GET", ["messages"]:
            return _listed(app, call)
        case _, ["messages", identifier, *rest]:
            return _of_message(app, call, identifier, rest, now)
        case _, ["groups", guid, *rest] if guid in app.groups:
            return _of_group(app, call, guid, rest)
        case _, ["groups", _, *_]:
            return refused(404, "ERR_GUID_NOT_FOUND")
        case "POST" | "DELETE", ["users", uid, "blockedusers"]:
            return _block(app, call, uid.lower())
        case "DELETE", ["users", _, "conversation", "read"]:
            return _unread(app, call)
        case "DELETE" | "PUT", ["users"]:
            return _deactivate(app, call)
        case "PATCH", ["moderation", kind, identifier] if kind in _REVIEWS:
            return _review(app, call, kind, identifier)
    return None


def _send(app: ChatState, call: ChatCall, as_user: str | None, now: int) -> ChatAnswer:
    body = call.body
    if lacking := {name: ["It is required."] for name in _SENT_WITH if not body.get(name)}:
        return refused(400, "ERR_BAD_REQUEST", **lacking)
    if body["receiverType"] not in ("user", "group"):
        return refused(400, "ERR_INVALID_RECEIVER_TYPE")
    sender = as_user or APP_USER
    wire = {
        "id": str(next(app.next_id)),
        **body,
        "conversationId": conversation_id(body["receiverType"], body["receiver"], sender),
        "sender": sender,
        "sentAt": now,
        "updatedAt": now,
    }
    app.messages[wire["id"]] = wire
    app.sent.append(SentMessage(call.app_id, as_user, Message(wire), wire))
    return done(wire)


def _listed(app: ChatState, call: ChatCall) -> ChatAnswer:
    """The messages of a time, in pages of which each names the second at which the next begins: so
    the messages of that second come twice, and the last page is its own next.
    """
    query = call.query
    first, last = int(query.get("fromTimestamp", 0)), int(query.get("toTimestamp", 2**40))
    is_backward = query.get("affix") == "prepend"
    found = sorted(
        (message for message in app.messages.values() if first <= _sent_at(message) <= last),
        key=lambda message: (_sent_at(message), str(message["id"])),
        reverse=is_backward,
    )
    page = found[: int(query.get("limit", 100))]
    if not page:
        return done(page, current={"count": 0})
    name = "toTimestamp" if is_backward else "fromTimestamp"
    cursor = {"affix": query.get("affix", "append"), name: _sent_at(page[-1])}
    return done(page, current={"count": len(page)}, next=cursor)


def _sent_at(message: dict[str, Any]) -> int:
    return int(message.get("sentAt") or 0)


def _of_message(
    app: ChatState, call: ChatCall, identifier: str, rest: list[str], now: int
) -> ChatAnswer | None:
    message = app.messages.get(identifier)
    match call.method, rest:
        case "PATCH", ["interacted"]:
            return _mark(app, call, identifier)
        case _ if message is None:
            return refused(404, "ERR_MSG_NOT_FOUND")
        case "GET", []:
            return done(message)
        case "PUT", []:
            return _change(app, call, message, now)
        case "DELETE", []:
            del app.messages[identifier]
            return done(_action("deleted", message))
        case "POST", ["pin"]:
            return _pin(app, identifier)
        case "DELETE", ["pin"]:
            app.pins = [each for each in app.pins if each != identifier]
            return done(message)
        case "POST" | "DELETE", ["reactions", emoji] if call.as_user is not None:
            reaction = (identifier, emoji, call.as_user)
            (app.reactions.add if call.method == "POST" else app.reactions.discard)(reaction)
            return done(message)
        case _, ["reactions", _]:
            return refused(400, "ERR_BAD_REQUEST", onBehalfOf=["It is required."])
    return None


def _change(app: ChatState, call: ChatCall, message: dict[str, Any], now: int) -> ChatAnswer:
    data = {**(message.get("data") or {}), **(call.body.get("data") or {})}
    tags = {name: call.body[name] for name in ("tags",) if name in call.body}
    changed = {**message, **tags, "data": data, "editedAt": now}
    app.messages[str(message["id"])] = changed
    return done(_action("edited", changed))


def _action(what: str, message: dict[str, Any]) -> dict[str, Any]:
    entity = {"entity": message, "entityType": "message"}
    data = {"action": what, "entities": {"on": entity}}
    return {"id": f"{message['id']}0", "category": "action", "type": "message", "data": data}


def _pin(app: ChatState, identifier: str) -> ChatAnswer:
    conversation = app.messages[identifier].get("conversationId")
    beside = [each for each in app.pins if _conversation(app, each) == conversation]
    if identifier not in app.pins:
        if len(beside) >= MOST_PINS:
            return refused(400, "ERR_PINNED_MESSAGES_LIMIT_EXCEEDED")
        app.pins.append(identifier)
    return done(app.messages[identifier])


def _conversation(app: ChatState, identifier: str) -> Any:
    return app.messages.get(identifier, {}).get("conversationId")


def _mark(app: ChatState, call: ChatCall, identifier: str) -> ChatAnswer:
    if call.as_user is None:
        return refused(400, "ERR_BAD_REQUEST", onBehalfOf=["It is required."])
    elements = tuple(call.body.get("interactions") or ())
    app.marked.append(MarkedElements(call.app_id, identifier, call.as_user, elements))
    return done()


def _of_group(app: ChatState, call: ChatCall, guid: str, rest: list[str]) -> ChatAnswer | None:
    members = app.groups[guid]
    match call.method, rest:
        case "GET", []:
            scope = members.get(call.as_user or "")
            return done({"guid": guid, "hasJoined": scope is not None, "scope": scope})
        case "GET", ["members"]:
            return _members(call, members)
        case "PUT" | "DELETE", ["members", uid]:
            return _member(call, members, uid.lower())
        case "POST" | "DELETE", ["bannedusers", uid]:
            return _ban(app, call, guid, uid.lower())
        case "DELETE", ["conversation", "read"]:
            return _unread(app, call)
    return None


def _members(call: ChatCall, members: dict[str, str]) -> ChatAnswer:
    size, page = int(call.query.get("perPage", 100)), int(call.query.get("page", 1))
    known = [{"uid": uid, "scope": scope} for uid, scope in sorted(members.items())]
    shown = known[(page - 1) * size : page * size]
    pages = {"current_page": page, "total_pages": -(-len(known) // size), "total": len(known)}
    return done(shown, pagination=pages)


def _member(call: ChatCall, members: dict[str, str], uid: str) -> ChatAnswer:
    if uid not in members:
        return refused(400, "ERR_NOT_A_MEMBER")
    if call.method == "DELETE":
        del members[uid]
        return done()
    scope = call.body.get("scope")
    if scope not in _SCOPES:
        return refused(400, "ERR_BAD_REQUEST", scope=["It is none."])
    if members[uid] == scope:
        return refused(400, "ERR_SAME_SCOPE")
    members[uid] = scope
    return done({"uid": uid, "scope": scope})


def _ban(app: ChatState, call: ChatCall, guid: str, uid: str) -> ChatAnswer:
    is_banned = (guid, uid) in app.banned
    if call.method == "DELETE":
        app.banned.discard((guid, uid))
        return done() if is_banned else refused(400, "ERR_NOT_A_BANNED_USER")
    app.groups[guid].pop(uid, None)
    app.banned.add((guid, uid))
    return refused(400, "ERR_ALREADY_BANNED") if is_banned else done()


def _block(app: ChatState, call: ChatCall, uid: str) -> ChatAnswer:
    uids = call.body.get("blockedUids")
    if not isinstance(uids, list) or not uids:
        return refused(400, "ERR_BAD_REQUEST", blockedUids=["It is required."])
    for other in uids:
        (app.blocked.add if call.method == "POST" else app.blocked.discard)((uid, other.lower()))
    return done({other: {"success": True} for other in uids})


def _unread(app: ChatState, call: ChatCall) -> ChatAnswer:
    if call.as_user is None or not call.body.get("messageId"):
        return refused(400, "ERR_BAD_REQUEST", messageId=["It is required, and onBehalfOf."])
    app.unread.append((str(call.body["messageId"]), call.as_user))
    return done()


def _deactivate(app: ChatState, call: ChatCall) -> ChatAnswer:
    is_out = call.method == "DELETE"
    name = "uidsToDeactivate" if is_out else "uidsToActivate"
    uids = call.body.get(name)
    if not isinstance(uids, list) or not uids:
        return refused(400, "ERR_BAD_REQUEST", **{name: ["It is required."]})
    known = {uid.lower() for uid in uids}
    app.deactivated = app.deactivated | known if is_out else app.deactivated - known
    return done({uid: {"success": True} for uid in uids})


def _review(app: ChatState, call: ChatCall, kind: str, identifier: str) -> ChatAnswer:
    status = call.body.get("status")
    if status not in _REVIEWS[kind]:
        return refused(400, "ERR_BAD_REQUEST", status=["It is none."])
    app.reviews[identifier] = status
    return done()
