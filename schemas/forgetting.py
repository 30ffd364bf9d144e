"""Bodies without a user: what the user wrote is gone, and elsewhere another name stands for the
uid.

What is personal the schemas say, as for redaction (`schemas.masking`), and here whose it is counts,
too. An object belongs to its sender, if it has one, to the user that it describes, or to whom the
object belongs that it is in. Of what belongs to the user ids, kinds, times and counts stay, and
whatever is personal, secret or not declared is left out. All else stays as it is, but for the uid.
"""

from collections.abc import Mapping
from typing import Any

from comethooks.schemas.common_words import is_common, is_of_people
from comethooks.schemas.decoding import trigger_of
from comethooks.schemas.event.readonly import ReadOnlyDict
from comethooks.schemas.forgotten_user import ForgottenUser
from comethooks.schemas.masking import known_keys
from comethooks.schemas.no_users import is_group, is_kind, may_be_user
from comethooks.schemas.triggers.table import entry_for
from comethooks.schemas.wire.fields import (
    Flag,
    Free,
    Id,
    Number,
    ObjectMap,
    Party,
    ReceiverType,
    Text,
    Time,
    declared,
)
from comethooks.schemas.wire.messages import MessageSchema
from comethooks.schemas.wire.people import MemberSchema
from comethooks.schemas.wire.rules import to_party
from comethooks.schemas.wire.wire_field import Declared, DeclaredById, WireField

_DEEPEST = 100
_CUT_OFF = "..."
_OF_THE_USER = ("Name", "Avatar")
"""What comes behind the name of a field with a uid, and is that user's."""
_OWNED = (("uid", MemberSchema), ("sender", MessageSchema))
"""What says of an object of which nothing is declared whose it is, and what it is then."""
_NEVER_A_UID = (Flag, Number, ReceiverType, Time)
_WHAT_HAPPENED = "message"
"""What an action message says in words, with names in it."""


def forgotten(body: Mapping[str, Any], user: ForgottenUser, *, by_user: bool) -> dict[str, Any]:
    """A copy of a decoded body without a user. `by_user` says that it is one that the user caused,
    whether or not the body says so.
    """
    plain = body.copy() if isinstance(body, ReadOnlyDict) else body
    form = entry_for(trigger_of(plain)).form_of(plain)
    walk = _Walk(user, by_user)
    changed: dict[str, Any] = walk.object(plain, declared(form.shape.schema), False, _DEEPEST)
    return changed


def forgotten_message(message: Mapping[str, Any], user: ForgottenUser) -> dict[str, Any]:
    """The same of a message that stands by itself."""
    found: dict[str, Any] = _Walk(user, False).object(
        dict(message), declared(MessageSchema), False, _DEEPEST
    )
    return found


def forgotten_value(value: Any, user: ForgottenUser) -> Any:
    """A copy of what JSON is made of and is ours, with the other name and without anything else
    changed.
    """
    return _Walk(user, False, owned=False).anything(value, _DEEPEST)


class _Walk:
    """A walk through a body. `mine` says of an object whether it is the user's."""

    def __init__(self, user: ForgottenUser, by_user: bool, *, owned: bool = True) -> None:
        self._user = user
        self._by_user = by_user
        self._owned = owned
        """Whether objects belong to somebody of which nothing is declared."""

    def object(self, value: Any, known: Declared, mine: bool, levels: int) -> Any:
        """An object of which fields are declared."""
        if not isinstance(value, dict):
            return None if mine else self.anything(value, levels)
        if levels <= 0:
            return {}
        if isinstance(known, DeclaredById):
            return {
                self._user.in_uid(key): self._said(known, key, item, levels)
                for key, item in value.items()
            }
        mine = self._is_mine(value, known, mine)
        told = not mine and self._is_told_of(value, known)
        changed = {}
        for key, item in value.items():
            if (told and key == _WHAT_HAPPENED) or self._is_named_beside(value, key):
                continue
            if is_group(value, key):
                changed[key] = item
                continue
            kept = self._entry(key, known.get(key), item, mine, levels - 1)
            if kept is not _GONE:
                changed[key if key in known else self._key(key)] = kept
        return changed

    def anything(self, value: Any, levels: int, *, of_people: bool = False) -> Any:
        """A value of which nothing is declared. `of_people`: what it is below speaks of people, so
        a common word in it may be a uid.
        """
        if isinstance(value, str):
            return value if is_common(value) and not of_people else self._user.in_value(value)
        if not isinstance(value, dict | list):
            return value
        if levels <= 0:
            return _CUT_OFF
        if isinstance(value, list):
            return [self.anything(item, levels - 1, of_people=of_people) for item in value]
        if self._owned:
            for key, schema in _OWNED:
                if self._user.is_it(to_party(value.get(key))):
                    return self.object(value, declared(schema), True, levels)
        return {
            self._key(key, of_people=of_people): self._below(value, key, levels - 1)
            for key in value
        }

    def _below(self, holder: Mapping[str, Any], key: str, levels: int) -> Any:
        """What stands under a key that nothing is declared of."""
        value = holder[key]
        if is_group(holder, key):
            return value
        if type(value) is int and may_be_user(key) and self._user.is_it(value):
            return self._user.alias
        return self.anything(value, levels, of_people=is_of_people(key))

    def _entry(self, key: str, field: WireField | None, value: Any, mine: bool, levels: int) -> Any:
        if field is None:
            return _GONE if mine else self._undeclared(key, value, levels)
        if isinstance(field, Party):
            return self._party(field, value, levels)
        if isinstance(field, Id):
            return self._id(key, value)
        if mine and field.hides(value):
            return _GONE
        if isinstance(field, _NEVER_A_UID) or is_kind(key, value):
            return value
        if isinstance(value, str):
            of_id = key == "conversationId" or not isinstance(field, Text)
            return self._user.in_id(value) if of_id else self._user.in_text(value)
        if not isinstance(value, dict | list):
            return value
        below = None if isinstance(field, Free) else field.below(value)
        if below is None:
            return self.anything(value, levels)
        if isinstance(value, list):
            return [self.object(item, below, mine, levels) for item in value]
        if isinstance(field, ObjectMap):
            return {
                self._user.in_uid(each): self.object(item, below, mine, levels)
                for each, item in value.items()
            }
        return self.object(value, below, mine, levels)

    def _undeclared(self, key: str, value: Any, levels: int) -> Any:
        return self._below({key: value}, key, levels)

    def _party(self, field: Party, value: Any, levels: int) -> Any:
        if isinstance(value, dict):
            below = field.below(value)
            return self.object(
                value, declared(MemberSchema) if below is None else below, False, levels
            )
        return self._user.alias if self._user.is_it(value) else value

    def _id(self, key: str, value: Any) -> Any:
        if self._user.is_it(value):  # a message may have the number that is a user's uid
            return self._user.alias if may_be_user(key) else value
        if may_be_user(key):  # somebody else's, whatever it begins with
            return value
        return self._user.in_id(value) if isinstance(value, str) else value

    def _said(self, known: Declared, uid: str, value: Any, levels: int) -> Any:
        """What somebody said before the message under review, or that message."""
        mine = self._user.is_it(uid)
        if isinstance(value, dict):
            return self.object(value, declared(MessageSchema), mine, levels - 1)
        if isinstance(value, str):
            return "" if mine else self._user.in_text(value)
        return self.anything(value, levels - 1)

    def _is_mine(self, value: Mapping[str, Any], known: Declared, mine: bool) -> bool:
        if "interactedBy" in known:  # whose message it is says the sender
            by = to_party(value.get("interactedBy"))
            return self._by_user if by is None else self._user.is_it(by)
        if "uid" in known and value.get("uid") is not None:
            return self._user.is_it(value["uid"])
        if "sender" in known and (sender := to_party(value.get("sender"))) is not None:
            return self._user.is_it(sender)
        if "to" in known and (to := to_party(value.get("to"))) is not None:
            by = to_party(value.get("senderDetails"))
            return self._user.is_it(to) or self._user.is_it(by)
        return mine and not ("guid" in known and "guid" in value)

    def _is_told_of(self, value: Mapping[str, Any], known: Declared) -> bool:
        """Whether an action message says in words what the user did, or what was done to them."""
        return "actionBy" in known and value.get("category") == "action" and self._has(value, 8)

    def _has(self, value: Any, levels: int) -> bool:
        if isinstance(value, list):
            return levels > 0 and any(self._has(item, levels - 1) for item in value)
        if not isinstance(value, dict):
            return False
        return self._user.is_it(value.get("uid")) or (
            levels > 0 and any(self._has(item, levels - 1) for item in value.values())
        )

    def _is_named_beside(self, value: Mapping[str, Any], key: str) -> bool:
        """Whether something is the name or the avatar of the user, whose uid stands beside it."""
        return any(
            key.endswith(ending) and self._user.is_it(to_party(value.get(key[: -len(ending)])))
            for ending in _OF_THE_USER
        )

    def _key(self, key: str, *, of_people: bool = False) -> str:
        """A key that no field is declared for here. What is one elsewhere names nobody."""
        is_word = key in known_keys() or (is_common(key) and not of_people)
        return key if is_word else self._user.in_value(key)


_GONE = object()
