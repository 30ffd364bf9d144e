"""Users, groups and members, the same for every shape. Times are UTC."""

from collections.abc import Mapping
from typing import Any, ClassVar

from comethooks.schemas.event.views import (
    NOTHING,
    View,
    flag,
    id_string,
    mapping,
    number,
    object_in,
    party,
    strings,
    text,
    time,
)
from comethooks.schemas.wire.rules import to_id, to_objects_by_id, to_party


class User(View):
    """A user. `uid` is empty when the body does not say it; all else may be None."""

    _shown: ClassVar[tuple[str, ...]] = ("uid",)

    uid = id_string("uid")
    name = text("name")
    avatar = text("avatar")
    link = text("link")
    email = text("email")
    role = text("role")
    status = text("status")
    """`online` or `offline`; CometChat also writes `available`."""
    status_message = text("statusMessage")
    credits = number("credits")
    tags = strings("tags")
    metadata = mapping("metadata")
    last_active_at = time("lastActiveAt")
    created_at = time("createdAt")
    has_blocked_me = flag("hasBlockedMe")
    blocked_by_me = flag("blockedByMe")


class Member(User):
    """A user as a member of a group: `scope` is `admin`, `moderator` or `participant`."""

    scope = text("scope")
    old_scope = text("oldScope")
    joined_at = time("joinedAt")
    is_banned = flag("isBanned")


class Group(View):
    """A group. `guid` is empty when the body does not say which; everything else may be absent."""

    _shown: ClassVar[tuple[str, ...]] = ("guid",)

    guid = id_string("guid")
    name = text("name")
    type = text("type")
    """`public`, `private` or `password`."""
    icon = text("icon")
    description = text("description")
    owner = party("owner")
    """A uid."""
    old_owner = party("oldOwner")
    """The uid of who owned it before, when that just changed."""
    updated_by = party("updatedBy")
    scope = text("scope")
    has_joined = flag("hasJoined")
    members_count = number("membersCount")
    online_members_count = number("onlineMembersCount")
    tags = strings("tags")
    metadata = mapping("metadata")
    created_at = time("createdAt")
    updated_at = time("updatedAt")
    joined_at = time("joinedAt")


def user_of(value: Any, entity: Any = None) -> User:
    """The user that `value`, a uid or a user object, stands for.

    `entity` is what the body says about users elsewhere; it counts when it is about the same user.
    """
    return User(_details(value, entity, "uid"))


def group_of(value: Any, entity: Any) -> Group:
    """The group that `value`, a guid or a group object, stands for; `entity` as for `user_of`."""
    return Group(_details(value, entity, "guid"))


def party_of(receiver_type: str | None, value: Any, entity: Any) -> User | Group:
    """The user or group that `value` stands for; without a type, its keys tell which."""
    is_group = receiver_type == "group" or (
        receiver_type is None and ("guid" in object_in(value) or "guid" in object_in(entity))
    )
    return group_of(value, entity) if is_group else user_of(value, entity)


def members_of(value: Any) -> tuple[Member, ...]:
    """The members of an object by uid, or of a list of members or uids."""
    return tuple(Member(wire) for wire in _identified(value))


def users_of(value: Any) -> tuple[User, ...]:
    """The users of an object by uid, or of a list of users or uids."""
    return tuple(User(wire) for wire in _identified(value))


def _identified(value: Any) -> list[Mapping[str, Any]]:
    """The objects, each with its uid: where it is missing, it is the key."""
    by_uid = to_objects_by_id(value) or {}
    pairs = ((uid, object_in(item)) for uid, item in by_uid.items())
    return [item if to_id(item.get("uid")) else {**item, "uid": uid} for uid, item in pairs]


def _details(value: Any, entity: Any, id_key: str) -> Mapping[str, Any]:
    if isinstance(value, dict):
        return value
    identifier, details = to_party(value), object_in(entity)
    if identifier is None or to_id(details.get(id_key)) == identifier:
        return details
    if details and id_key not in details:
        return {**details, id_key: identifier}
    return {id_key: identifier} if identifier else NOTHING
