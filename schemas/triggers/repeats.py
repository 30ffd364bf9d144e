"""What tells a repeat of an event from another event.

CometChat sends no event id and no delivery id, and repeats a body as it was. So two bodies tell of
one event when they are the same but for the order of their keys. How long that holds depends: the
table of triggers says which time of an event is its own. A body with one is the same event however
late it comes; the same body without one may be another event a few minutes later.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from comethooks.schemas.triggers.identity import Subject, canonical, digest

_MESSAGES = (
    "data",
    "data.message",
    "data.message.data.entities.on.entity",
    "data.call",
)
_PARTIES = ("sender", "receiver", "by", "for")
_USERS = (
    *(f"{path}.data.entities.{who}.entity" for path in _MESSAGES for who in _PARTIES),
    *(f"{path}.data.mentions.*" for path in _MESSAGES),
    "data.body.user",
    "data.reaction.reactedBy",
)
_GROUPS = (
    *(f"{path}.data.entities.{who}.entity" for path in _MESSAGES for who in ("receiver", "for")),
    "data.group",
)

MEANINGLESS: Mapping[str, str] = MappingProxyType(
    {
        **{f"{user}.status": "whether somebody is online when it is sent" for user in _USERS},
        **{f"{user}.lastActiveAt": "when somebody last was, when it is sent" for user in _USERS},
        **{
            f"{group}.onlineMembersCount": "how many are online when it is sent"
            for group in _GROUPS
        },
    }
)
"""The only places whose value tells no two events apart, and why: `*` stands for any key.

What CometChat says there beside an event is how things are while it writes the body, and so may
differ when it writes another one of the same event. It counts nevertheless where no time is the
event's own, since it may be all that differs: who is made an admin, a participant and an admin
again gets a body each time that differs in nothing else.
"""


def duplicate_key(body: dict[str, Any], raw: bytes, *, has_time: bool) -> bytes:
    """Sixteen bytes that are the same for every delivery of an event.

    `has_time`: the body has a time of the event's own, so what is `MEANINGLESS` does not count. The
    type of a value does: 1, 1.0 and "1" are three. Of a body that is too deep to be written as JSON
    every byte of `raw` counts.
    """
    told = _without(body, _MEANINGLESS) if has_time else body
    return hashlib.blake2b(canonical(told, raw), digest_size=16).digest()


def told_key(
    trigger: str, app_id: str | None, subject: Subject, names: Sequence[str]
) -> bytes | None:
    """Sixteen bytes that are the same for every delivery of an event that the `names` of its
    subject tell from all others of its app; None when there are none, or when it lacks the first.
    """
    if not names or not subject.get(names[0]):
        return None
    return digest((trigger, app_id, *(subject.get(name) for name in names)))


@dataclass(frozen=True, slots=True)
class _Places:
    """What does not count of an object: its own keys, and places below others; `all_below` holds
    for every key.
    """

    keys: tuple[str, ...]
    below: tuple[tuple[str, "_Places"], ...]
    all_below: "_Places | None"


def _places(paths: Iterable[Sequence[str]]) -> _Places:
    by_key: dict[str, list[Sequence[str]]] = {}
    for first, *rest in paths:
        by_key.setdefault(first, []).extend([rest] if rest else [])
    below = {key: _places(rests) for key, rests in by_key.items() if rests}
    all_below = below.pop("*", None)
    return _Places(
        tuple(key for key, rests in by_key.items() if not rests), tuple(below.items()), all_below
    )


_MEANINGLESS = _places(path.split(".") for path in MEANINGLESS)


def _without(value: dict[str, Any], places: _Places) -> dict[str, Any]:
    """`value` without what is at `places`; nothing but the objects on the way is copied."""
    # Every request pays for this, so a key that is not there costs one look.
    left = value.copy()
    for key in places.keys:
        left.pop(key, None)
    for key, below in places.below:
        if type(item := left.get(key)) is dict:
            left[key] = _without(item, below)
    if (all_below := places.all_below) is not None:
        for key, item in left.items():
            if type(item) is dict:
                left[key] = _without(item, all_below)
    return left
