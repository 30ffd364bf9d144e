"""What stands in bodies and is nobody's uid, though it may read like one: kinds of things, ids of
groups and of messages. A user may be called `message`, `42` or like a group.
"""

from collections.abc import Mapping
from typing import Any

from comethooks.schemas.forgotten_user import ForgottenUser
from comethooks.schemas.wire.rules import to_receiver_type

_USERS = ("uid", "userid", "receiverid", "sender", "receiver", "owner")
"""How keys end, in lower case, under which an id or a number may be a uid;"""
_NO_USERS = ("muid", "guid")
"""but for these."""
_GROUPS = ("guid", "groupid")
"""How keys end, in lower case, under which a group's id stands;"""
_RECEIVERS = frozenset(("receiver", "receiverId", "receiverUid", "conversationWith"))
"""and under which it may,"""
_RECEIVER_TYPES = ("receiverType", "receiver_type", "conversationType")
"""if it says so under one of these."""
_KINDS = frozenset(("trigger", "category", "type", "action", "entityType", "appId", "appID"))
"""Keys under which nobody is named, though somebody's uid may be `user` or `message_sent`."""
_DEEPEST = 100


def may_be_user(key: str) -> bool:
    """Whether a number or an id under a key may be a uid."""
    lower = key.lower()
    return lower.endswith(_USERS) and not lower.endswith(_NO_USERS)


def is_kind(key: str, value: Any) -> bool:
    """Whether a field or a declared key says what kind of thing something is."""
    return key in _KINDS and isinstance(value, str)


def is_group(holder: Mapping[str, Any], key: str) -> bool:
    """Whether what an object holds under a key is a group, by its id. It stays, also where an app
    makes it of a uid: else what is received of the group later would be of another.
    """
    if isinstance(holder[key], dict | list):
        return False
    return key.lower().endswith(_GROUPS) or (
        key in _RECEIVERS
        and any(to_receiver_type(holder.get(each)) == "group" for each in _RECEIVER_TYPES)
    )


def is_named_in(value: Any, user: ForgottenUser) -> bool:
    """Whether a decoded body still names a user, in any text or number of it, whatever the schemas
    say of it. To be asked of one whose uid is no word of a language.
    """
    return _is_named(value, user, _DEEPEST)


def _is_named(value: Any, user: ForgottenUser, levels: int) -> bool:
    if levels <= 0:
        return user.names(str(value))
    if isinstance(value, dict):
        return any(user.names(key) or _is_named_under(value, key, user, levels) for key in value)
    if isinstance(value, list):
        return any(_is_named(item, user, levels - 1) for item in value)
    return isinstance(value, str) and user.names(value)


def _is_named_under(holder: Mapping[str, Any], key: str, user: ForgottenUser, levels: int) -> bool:
    value = holder[key]
    if is_kind(key, value) or is_group(holder, key):
        return False
    if user.is_it(value) and not isinstance(value, dict | list):
        is_other_id = key.lower().endswith("id") and str(value).isdigit()
        is_number = not isinstance(value, str)
        return may_be_user(key) or not (is_other_id or is_number)
    return _is_named(value, user, levels - 1)
