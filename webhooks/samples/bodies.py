"""Bodies to try things out with, as CometChat would send them: every one about something that happened just now.

People, groups and texts are made up. Ids are random and times are the caller's, so that no body repeats another.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from types import MappingProxyType
from typing import Any

APP_ID = "2719405c8b3e6d17"
"""The app that a sample is from, unless the caller names one."""
REGION = "eu"
WEBHOOK = "comethooks-send"

_PEOPLE = (
    ("nora-lindqvist", "Nora Lindqvist"),
    ("tomas-abreu", "Tomás Abreu"),
    ("ines-okafor", "Ines Okafor"),
    ("jun-watanabe", "Jun Watanabe"),
    ("marek-dvorak", "Marek Dvořák"),
    ("leila-haddad", "Leila Haddad"),
    ("oskar-nyman", "Oskar Nyman"),
    ("priya-raman", "Priya Raman"),
)
_GROUPS = (("harbour-crew", "Harbour crew"), ("book-circle", "Book circle"), ("night-shift", "Night shift"))
_TEXTS = (
    "Is the meeting still at three?",
    "I left the keys at the front desk.",
    "Danke, das hat geklappt 🎉",
    "On my way, ten minutes.",
    "Can you send me the address again?",
    "見ました、ありがとう",
    "Happy birthday, Marek! 🎂",
    "The ferry is late <again>, start without us.",
)
_GROUP_SHARE = 0.25
_PLATFORMS = ("javascript", "android", "ios")


@dataclass(frozen=True, slots=True)
class _Scene:
    """Who does what to whom, and when. `seconds` and `milliseconds` since the epoch."""

    random: Random
    milliseconds: int
    sender: tuple[str, str]
    receiver: tuple[str, str]
    in_group: bool

    @property
    def seconds(self) -> int:
        return self.milliseconds // 1000

    @property
    def receiver_type(self) -> str:
        return "group" if self.in_group else "user"

    @property
    def conversation_id(self) -> str:
        if self.in_group:
            return f"group_{self.receiver[0]}"
        return "_user_".join(sorted((self.sender[0], self.receiver[0])))

    def message_id(self) -> str:
        return str(self.random.randrange(10**9, 10**15))

    def token(self) -> str:
        return f"{self.random.getrandbits(64):016x}"


def sample(
    trigger: str, *, now_ms: int, random: Random, app_id: str = APP_ID, legacy: bool = False
) -> dict[str, Any]:
    """A body for `trigger`, about something that happened at `now_ms` (milliseconds since the epoch).

    `legacy` asks for the older form of a trigger that has two. Raises `KeyError` when there is none.
    """
    make, generation = (LEGACY if legacy else CURRENT)[trigger]
    sender, receiver = random.sample(_PEOPLE, 2)
    in_group = random.random() < _GROUP_SHARE
    scene = _Scene(random, now_ms, sender, random.choice(_GROUPS) if in_group else receiver, in_group)
    return {"trigger": trigger, "data": make(scene), "appId": app_id, **generation, "webhook": WEBHOOK}


def _message(scene: _Scene) -> dict[str, Any]:
    return {
        "conversationId": scene.conversation_id,
        "sender": scene.sender[0],
        "receiverType": scene.receiver_type,
        "receiver": scene.receiver[0],
        "category": "message",
        "type": "text",
        "data": {
            "text": scene.random.choice(_TEXTS),
            "entities": {
                "sender": {"entity": _user(scene.sender), "entityType": "user"},
                "receiver": {"entity": _receiver(scene), "entityType": scene.receiver_type},
            },
        },
        "sentAt": scene.seconds,
        "updatedAt": scene.seconds,
    }


def _receiver(scene: _Scene) -> dict[str, Any]:
    conversation = {"conversationId": scene.conversation_id}
    if not scene.in_group:
        return {**_user(scene.receiver), **conversation}
    guid, name = scene.receiver
    return {"guid": guid, "name": name, "type": "public", "membersCount": len(_PEOPLE), **conversation}


def _user(person: tuple[str, str]) -> dict[str, Any]:
    uid, name = person
    return {"uid": uid, "name": name, "status": "available", "role": "default"}


def _before_message(scene: _Scene) -> dict[str, Any]:
    return {"muid": f"send-{scene.token()}", **_message(scene)}


def _after_message(scene: _Scene) -> dict[str, Any]:
    return {"id": scene.message_id(), **_message(scene)}


def _message_sent(scene: _Scene) -> dict[str, Any]:
    return {"message": _after_message(scene)}


def _receipt(action: str) -> Callable[[_Scene], dict[str, Any]]:
    def receipt(scene: _Scene) -> dict[str, Any]:
        uid, name = scene.sender
        return {
            "receiver": scene.receiver[0],
            "receiverType": scene.receiver_type,
            "type": "receipts",
            "sender": uid,
            "messageSender": _author(scene),
            "body": {
                "action": action,
                "messageId": scene.message_id(),
                "user": {"uid": uid, "name": name, "status": "online"},
                "timestamp": scene.seconds,
            },
        }

    return receipt


def _legacy_receipt(action: str, time_key: str) -> Callable[[_Scene], dict[str, Any]]:
    def receipt(scene: _Scene) -> dict[str, Any]:
        return {
            "messageId": scene.message_id(),
            "receiptType": action,
            time_key: scene.seconds,
            "messageSender": _author(scene),
            "receiptSender": scene.sender[0],
            "receiptReceiver": scene.receiver[0],
            "receiverType": scene.receiver_type,
        }

    return receipt


def _author(scene: _Scene) -> str:
    """Who wrote the message that is received or read: the other one, or somebody in the group."""
    if not scene.in_group:
        return scene.receiver[0]
    return scene.random.choice([uid for uid, _ in _PEOPLE if uid != scene.sender[0]])


def _presence(scene: _Scene) -> dict[str, Any]:
    online, since = _connection(scene)
    status = "online" if online else "offline"
    return {
        "timestamp": scene.milliseconds,
        "user": {**_user(scene.sender), "status": status},
        "status": status,
        "currentConnection": {
            "action": "connected" if online else "disconnected",
            "platform": scene.random.choice(_PLATFORMS),
            "connectedAt": since,
        },
        "userPresenceChanged": True,
    }


def _legacy_presence(scene: _Scene) -> dict[str, Any]:
    online, since = _connection(scene)
    connection = {
        "connected_at": since,
        "cometchat_device_id": scene.token(),
        "session_id": scene.token(),
        "platform": scene.random.choice(("android", "ios", "web")),
    }
    return {
        "user": {
            "uid": scene.sender[0],
            "status": "online" if online else "offline",
            "status_updated": True,
            "status_updated_at": scene.milliseconds,
        },
        "event": {
            "type": "connected" if online else "disconnected",
            "at": scene.milliseconds,
            "event_for": connection,
        },
        "connections": [connection] if online else [],
    }


def _connection(scene: _Scene) -> tuple[bool, int]:
    """Whether it was opened just now or closed, and when it was opened (ms)."""
    online = scene.random.random() < 0.5
    return online, scene.milliseconds - scene.random.randrange(20, 800 if online else 3_600_000)


_Make = Callable[[_Scene], dict[str, Any]]
_Generation = Mapping[str, Any]

_OF_TODAY: _Generation = {"region": REGION}
_OF_OLD: _Generation = {"region": REGION, "origin": {"platform": "WEBSOCKET"}, "chatAPIVersion": "3.0"}

CURRENT: Mapping[str, tuple[_Make, _Generation]] = MappingProxyType(
    {
        "before_message": (_before_message, _OF_OLD),
        "after_message": (_after_message, _OF_OLD),
        "message_sent": (_message_sent, _OF_TODAY),
        "message_delivery_receipt": (_receipt("delivered"), _OF_TODAY),
        "message_read_receipt": (_receipt("read"), _OF_TODAY),
        "user_connection_status_changed": (_presence, _OF_TODAY),
        "after_connection_status_changed": (_legacy_presence, _OF_OLD),
    }
)
"""What there are samples of, each trigger in its newest form."""

LEGACY: Mapping[str, tuple[_Make, _Generation]] = MappingProxyType(
    {
        "before_message": CURRENT["before_message"],
        "after_message": CURRENT["after_message"],
        "message_delivery_receipt": (_legacy_receipt("delivered", "deliveredAt"), _OF_OLD),
        "message_read_receipt": (_legacy_receipt("read", "readAt"), _OF_OLD),
        "after_connection_status_changed": CURRENT["after_connection_status_changed"],
    }
)
"""The triggers that the legacy webhooks have, in their form."""
