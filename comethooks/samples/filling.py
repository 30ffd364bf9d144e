"""What the placeholders in a body stand for, and a body with that in their place.

A text that is a placeholder, such as `"{now}"`, becomes what it stands for, of whatever type; in
the middle of a text, and in a key, its text is put there. `{now-30}` adds to a number, `{now!s}` is
the text of it, and `{nothing}` leaves its key out. A placeholder has one value in all of a body, so
`{token.session}` is the same wherever it stands. An object with the key `...` has everything of
what that stands for, and what else is in it, at any depth, instead of that.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from comethooks.samples.people import GROUPS, PEOPLE, Circle, Person
from comethooks.samples.scene import Scene, conversation_of
from comethooks.samples.templates import Template, part

Json = dict[str, Any]

_PLACEHOLDER = re.compile(r"\{([a-z_]+)(?:\.([a-zA-Z_-]+))?([+-][0-9]+)?(!s)?\}")
_SPREAD = "..."
_NOTHING = object()
_AVATARS = "https://media.example.org/avatars"
_ACTIVE_AGO = 30
_EMOJI = ("👍", "🎉", "😂", "⛵", "❤️")
TEXTS = (
    "Is the meeting still at three?",
    "I left the keys at the front desk.",
    "Danke, das hat geklappt 🎉",
    "On my way, ten minutes.",
    "Can you send me the address again?",
    "見ました、ありがとう",
    "Happy birthday, Marek! 🎂",
    "The ferry is late <again>, start without us.",
)


def filled(template: Template, scene: Scene, given: Mapping[str, Any] | None = None) -> Json:
    """A body, or a part of one, of what happens in a scene.

    `given` are placeholders that stand for something already: `{"message_id": "7"}`. Raises
    `KeyError` for a placeholder that there is none of.
    """
    return _Filling(scene, given or {}).object_of(template, {})


class _Filling:
    """The values of the placeholders in one body."""

    def __init__(self, scene: Scene, given: Mapping[str, Any]) -> None:
        self._scene = scene
        self._known = dict(given)

    def object_of(self, template: Template, base: Mapping[str, Any]) -> Json:
        """`template`, filled, over what `base` has."""
        if _SPREAD in template:
            base = self.value(template[_SPREAD])
        made = dict(base)
        # An object is laid over what is there; anything else, and a placeholder, replaces it.
        for key, value in template.items():
            if key == _SPREAD:
                continue
            key = self._text(key)
            if isinstance(value, dict):
                below = made.get(key)
                made[key] = self.object_of(value, below if isinstance(below, dict) else {})
            elif (found := self.value(value)) is _NOTHING:
                made.pop(key, None)
            else:
                made[key] = found
        return made

    def value(self, template: Any) -> Any:
        """`template`, filled."""
        if isinstance(template, dict):
            return self.object_of(template, {})
        if isinstance(template, list):
            return [self.value(item) for item in template]
        if not isinstance(template, str):
            return template
        whole = _PLACEHOLDER.fullmatch(template)
        return self._text(template) if whole is None else self._named(whole)

    def _text(self, template: str) -> str:
        return _PLACEHOLDER.sub(lambda found: str(self._named(found)), template)

    def _named(self, found: re.Match[str]) -> Any:
        name, detail, more, as_text = found.groups()
        value = self._looked_up(name, detail)
        value = value + int(more) if more else value
        return str(value) if as_text else value

    def _looked_up(self, name: str, detail: str | None) -> Any:
        whole = f"{name}.{detail}" if detail else name
        if detail and whole in self._known:
            return self._known[whole]
        if name in ("part", "message") and detail and name not in self._known:
            return self.object_of(part(name, detail), {})
        if name in _LABELLED:
            return self._known.setdefault(whole, _LABELLED[name](self._scene))
        value = self._root(name)
        if isinstance(value, Person | Circle):
            return self._told_of(value, detail)
        if name == "earlier" and detail == "day":
            return datetime.fromtimestamp(value, UTC).date().isoformat()
        return value

    def _root(self, name: str) -> Any:
        if name not in self._known:
            self._known[name] = _ROOTS[name](self, self._scene)
        return self._known[name]

    def _told_of(self, who: Person | Circle, detail: str | None) -> Any:
        """What a body says of a person or a group; the id when it is not asked for a detail."""
        if detail is None:
            return who.id
        if detail == "conversation":
            return conversation_of(self._scene.sender, who)
        if detail == "entity":
            return self._group(who) if isinstance(who, Circle) else self._receiver(who)
        if detail == "user" and isinstance(who, Person):
            return self._user(who)
        if detail == "brief" and isinstance(who, Person):
            return {"uid": who.uid, "name": who.name}
        if detail == "avatar":
            return _NOTHING if isinstance(who, Circle) else f"{_AVATARS}/{who.uid}.png"
        return getattr(who, detail)

    def _user(self, person: Person) -> Json:
        # Made again for each place, so that a change of one place is no change of another.
        return {
            "uid": person.uid,
            "name": person.name,
            "avatar": f"{_AVATARS}/{person.uid}.png",
            "status": "available",
            "role": person.role,
            "lastActiveAt": self._scene.seconds - _ACTIVE_AGO,
        }

    def _receiver(self, person: Person) -> Json:
        conversation = conversation_of(self._scene.sender, person)
        return {**self._user(person), "conversationId": conversation}

    def _group(self, group: Circle) -> Json:
        return {
            "guid": group.guid,
            "name": group.name,
            "type": "public",
            "membersCount": group.members,
            "conversationId": f"group_{group.guid}",
            "createdAt": group.created_at,
            "owner": group.owner.uid,
        }

    def parties(self) -> Json:
        """The `entities` of a message: who sent it, and to whom."""
        return {
            "sender": {"entity": self._user(self._scene.sender), "entityType": "user"},
            "receiver": {
                "entity": self._told_of(self._scene.receiver, "entity"),
                "entityType": self._scene.receiver_type,
            },
        }

    def new_group(self) -> Circle:
        """A group of the sender that nothing else is about."""
        scene = self._scene
        known = scene.random.choice(GROUPS)
        guid = f"{known.guid}-{scene.token()[:12]}"
        began = scene.moments_ago()
        return replace(known, guid=guid, owner=scene.sender, created_at=began)

    def fresh(self) -> Person | Circle:
        """A receiver that nothing else is about."""
        is_group = isinstance(self._scene.receiver, Circle)
        found: Person | Circle = self._root("new_group" if is_group else "guest")
        return found

    def other(self) -> Person:
        """Who is on the other side: the receiver, or in a group somebody else who is in it."""
        scene = self._scene
        if isinstance(scene.receiver, Person):
            return scene.receiver
        return scene.random.choice([person for person in PEOPLE if person != scene.sender])

    def audio_call(self) -> str:
        """Whether a session has no pictures, as CometChat writes it: it has, unless given."""
        return "true" if self._known.get("call_type") == "audio" else "false"

    def elapsed(self) -> int:
        """Seconds since `earlier`."""
        began: int = self._root("earlier")
        return self._scene.seconds - began


def _guest(scene: Scene) -> Person:
    token = scene.token()[:12]
    return Person(f"guest-{token}", f"Guest {token[:4]}")


_LABELLED: Mapping[str, Callable[[Scene], Any]] = {
    "message_id": Scene.message_id,
    "text": lambda scene: scene.random.choice(TEXTS),
    "token": Scene.token,
}
"""What is made again for each name after the dot."""

_ROOTS: Mapping[str, Callable[[_Filling, Scene], Any]] = {
    "app": lambda filling, scene: scene.app_id,
    "audio_call": lambda filling, scene: filling.audio_call(),
    "began": lambda filling, scene: scene.seconds - scene.random.randrange(2, 40),
    "call_type": lambda filling, scene: scene.random.choice(("audio", "video")),
    "conversation": lambda filling, scene: scene.conversation_id,
    "earlier": lambda filling, scene: scene.moments_ago(),
    "elapsed": lambda filling, scene: filling.elapsed(),
    "emoji": lambda filling, scene: scene.random.choice(_EMOJI),
    "fresh": lambda filling, scene: filling.fresh(),
    "group": lambda filling, scene: (
        scene.receiver if isinstance(scene.receiver, Circle) else scene.random.choice(GROUPS)
    ),
    "guest": lambda filling, scene: _guest(scene),
    "message_number": lambda filling, scene: int(scene.message_id()),
    "new_group": lambda filling, scene: filling.new_group(),
    "nothing": lambda filling, scene: _NOTHING,
    "now": lambda filling, scene: scene.seconds,
    "now_ms": lambda filling, scene: scene.milliseconds,
    "other": lambda filling, scene: filling.other(),
    "pair": lambda filling, scene: conversation_of(scene.sender, filling._root("other")),
    "parties": lambda filling, scene: filling.parties(),
    "receiver": lambda filling, scene: scene.receiver,
    "receiver_type": lambda filling, scene: scene.receiver_type,
    "reply_to": lambda filling, scene: (
        scene.receiver if isinstance(scene.receiver, Circle) else scene.sender
    ),
    "sender": lambda filling, scene: scene.sender,
}
"""What is made once for a body."""
