"""A scene: who does what to whom, and when; and how bodies write down who and where."""

from dataclasses import dataclass, replace
from random import Random
from typing import Any

from comethooks.samples.people import GROUPS, PEOPLE, Group, Person

_GROUP_SHARE = 0.25
_AVATARS = "https://media.example.org/avatars"
_ACTIVE_AGO = 30

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Scene:
    """`sender` does something to `receiver`, `milliseconds` after the epoch, in the app `app_id`.

    What happens in a scene is random, so that no two bodies are about the same thing.
    """

    random: Random
    milliseconds: int
    sender: Person
    receiver: Person | Group
    app_id: str

    @property
    def seconds(self) -> int:
        """The time, as most bodies write it."""
        return self.milliseconds // 1000

    @property
    def receiver_type(self) -> str:
        """CometChat's word for what the receiver is."""
        return "group" if isinstance(self.receiver, Group) else "user"

    @property
    def conversation_id(self) -> str:
        """CometChat's name for the conversation."""
        return conversation_of(self.sender, self.receiver)

    @property
    def other(self) -> Person:
        """Who is on the other side: the receiver, or in a group somebody else who is in it."""
        if isinstance(self.receiver, Person):
            return self.receiver
        return self.random.choice([person for person in PEOPLE if person != self.sender])

    def in_group(self) -> "Scene":
        """The same in a group, if it is in none."""
        if isinstance(self.receiver, Group):
            return self
        return replace(self, receiver=self.random.choice(GROUPS))

    def in_new_group(self) -> "Scene":
        """The same in a group that nothing else is about."""
        known = self.random.choice(GROUPS)
        guid = f"{known.guid}-{self.token()[:12]}"
        return replace(self, receiver=replace(known, guid=guid, created_at=self.moments_ago()))

    def with_guest(self) -> "Scene":
        """The same with somebody that nothing else is about."""
        token = self.token()[:12]
        return replace(self, receiver=Person(f"guest-{token}", f"Guest {token[:4]}"))

    def later(self, seconds: int) -> "Scene":
        """The same so many seconds later."""
        return replace(self, milliseconds=self.milliseconds + seconds * 1000)

    def turned(self) -> "Scene":
        """The same the other way round; in a group, somebody else does it."""
        other = self.other
        return replace(
            self, sender=other, receiver=self.sender if self.receiver == other else self.receiver
        )

    def message_id(self) -> str:
        """The id of a message."""
        return str(self.random.randrange(10**9, 10**15))

    def token(self) -> str:
        """What nothing else has: sixteen hexadecimal digits."""
        return f"{self.random.getrandbits(64):016x}"

    def moments_ago(self) -> int:
        """A time within the hour before this one, in seconds."""
        return self.seconds - self.random.randrange(60, 3600)


def scene(random: Random, milliseconds: int, app_id: str) -> Scene:
    """Two of the people, or one of them in a group."""
    sender, receiver = random.sample(PEOPLE, 2)
    in_group = random.random() < _GROUP_SHARE
    return Scene(
        random, milliseconds, sender, random.choice(GROUPS) if in_group else receiver, app_id
    )


def conversation_of(sender: Person, receiver: Person | Group) -> str:
    """CometChat's name for the conversation of two, or of a group."""
    if isinstance(receiver, Group):
        return f"group_{receiver.guid}"
    return "_user_".join(sorted((sender.uid, receiver.uid)))


def brief(person: Person) -> Json:
    """A user, where a body gives no more than that."""
    return {"uid": person.uid, "name": person.name}


def user(scene: Scene, person: Person, *, status: str = "available", **more: Any) -> Json:
    """A user, as an entity."""
    return {
        **brief(person),
        "avatar": f"{_AVATARS}/{person.uid}.png",
        "status": status,
        "role": person.role,
        "lastActiveAt": scene.seconds - _ACTIVE_AGO,
        **more,
    }


def group(scene: Scene, of: Group, **more: Any) -> Json:
    """A group, as an entity and as what an event is about."""
    return {
        "guid": of.guid,
        "name": of.name,
        "type": "public",
        "membersCount": of.members,
        "conversationId": f"group_{of.guid}",
        "createdAt": of.created_at,
        "owner": of.owner.uid,
        **more,
    }


def receiver(scene: Scene) -> Json:
    """The receiver, as an entity, with the conversation it is in."""
    if isinstance(scene.receiver, Group):
        return group(scene, scene.receiver)
    return user(scene, scene.receiver, conversationId=scene.conversation_id)


def entity(what: Json, kind: str) -> Json:
    """An entity with its kind, as `entities` hold them."""
    return {"entity": what, "entityType": kind}


def parties(scene: Scene) -> Json:
    """The `entities` of a message: who sent it, and to whom."""
    return {
        "sender": entity(user(scene, scene.sender), "user"),
        "receiver": entity(receiver(scene), scene.receiver_type),
    }
