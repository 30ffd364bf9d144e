"""What happens to groups, and to who is in them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from comethooks.samples.messages import Make
from comethooks.samples.people import Group, Person
from comethooks.samples.scene import Json, Scene, conversation_of, group, user

_ONLINE = 2


def in_new_group(about: Callable[[Scene, Group, Person], Json]) -> Make:
    """Of a group that nothing else is about: its owner does something, to somebody or not."""

    def make(scene: Scene) -> Json:
        scene = scene.in_new_group()
        assert isinstance(scene.receiver, Group)
        of, member = replace(scene.receiver, owner=scene.sender), scene.other
        return about(replace(scene, receiver=of), of, member)

    return make


def created(scene: Scene, of: Group, _: Person) -> Json:
    """A group was made now by its owner, who is alone in it."""
    of = replace(of, members=1, created_at=scene.seconds)
    own = {"scope": "admin", "joinedAt": scene.seconds, "hasJoined": True}
    return {"group": group(scene, of, **own), "members": {of.owner.uid: user(scene, of.owner)}}


def updated(scene: Scene, of: Group, _: Person) -> Json:
    """A group was changed by its owner, or deleted."""
    return {"group": _group_now(scene, of, updatedBy=of.owner.uid)}


def owner_transferred(scene: Scene, of: Group, member: Person) -> Json:
    """The owner handed the group over to somebody."""
    handed = {"updatedBy": of.owner.uid, "oldOwner": of.owner.uid}
    return {"group": _group_now(scene, replace(of, owner=member), **handed)}


def by_themselves(scene: Scene, of: Group, member: Person) -> Json:
    """Somebody joined or left."""
    return {"members": {member.uid: user(scene, member)}, "group": _group_now(scene, of)}


def by_owner(scene: Scene, of: Group, member: Person) -> Json:
    """The owner did something to somebody: added, kicked, banned or the like."""
    return _by_owner(scene, of, member)


def scope_changed(scene: Scene, of: Group, member: Person) -> Json:
    """The owner gave somebody another scope."""
    return _by_owner(scene, of, member, scope="admin", oldScope="participant")


def _by_owner(scene: Scene, of: Group, member: Person, **more: Any) -> Json:
    conversation = conversation_of(of.owner, member)
    return {
        "group": _group_now(scene, of),
        "members": {member.uid: user(scene, member, conversationId=conversation, **more)},
        "by": user(scene, of.owner),
    }


def _group_now(scene: Scene, of: Group, **more: Any) -> Json:
    return group(
        scene, of, updatedAt=scene.seconds, onlineMembersCount=min(_ONLINE, of.members), **more
    )
