"""Bodies for tests: a sample of a trigger, with what the test says about it in every place where it
stands.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, TypedDict

from comethooks import samples
from comethooks.samples.filling import filled
from comethooks.samples.making import template_of
from comethooks.samples.people import GROUPS, PEOPLE, Circle
from comethooks.samples.scene import Scene
from comethooks.schemas import COMETCHAT, TRIGGERS, Event
from comethooks.schemas.wire.shapes import changed_in, message_in
from comethooks.testing.errors import HarnessError, guess
from comethooks.workers.texts import dumps


class Fields(TypedDict, total=False):
    """What a test can say of an event by name. Whatever else is in a body, it says with `set`."""

    text: str
    """Of the message."""
    sender: str
    """The uid of who causes it."""
    receiver: str
    """The uid of who it is for."""
    group: str
    """The guid of the group that it is in, or about."""
    member: str
    """The uid of whose membership changes."""
    message_id: str
    """The id of the message that it is about."""
    metadata: Mapping[str, Any]
    """Of the message."""
    tags: Sequence[str]
    """Of the message."""
    emoji: str
    """Of the reaction."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which sample a test wants, and what it says about it; `changes` are values by dotted path."""

    trigger: str
    fields: Fields
    variant: str | None = None
    legacy: bool = False
    changes: Mapping[str, Any] | None = None


def made(wanted: Wanted, *, now_ms: int, random: Random) -> dict[str, Any]:
    """The body that is wanted, about something that happened at `now_ms`. Raises `HarnessError`."""
    _check(wanted)
    scene = _scene(wanted.fields, now_ms, random)
    body = filled(template_of(wanted.trigger, wanted.variant, legacy=wanted.legacy), scene)
    body = _renamed_object(body, _names(wanted, _view(body), scene))
    _describe_message(wanted, body)
    for path, value in (wanted.changes or {}).items():
        put(body, path, value)
    return body


def put(body: dict[str, Any], path: str, value: Any) -> None:
    """Set a value at a dotted path. Raises `HarnessError`."""
    try:
        samples.put(body, path, value)
    except ValueError as error:
        raise HarnessError(f"set={{{path!r}: …}}: {error}") from None


def _check(wanted: Wanted) -> None:
    known = samples.table(legacy=wanted.legacy)
    if wanted.trigger not in known:
        raise HarnessError(_no_sample(wanted.trigger, known, legacy=wanted.legacy))
    variants = known[wanted.trigger]
    if wanted.variant is not None and wanted.variant not in variants:
        raise HarnessError(
            f"{wanted.trigger} has no variant {wanted.variant!r}{guess(wanted.variant, variants)}"
            f" Variants: {', '.join(variants)}"
        )
    names = Fields.__annotations__
    for name in wanted.fields:
        if name not in names:
            raise HarnessError(
                f"an event has no {name!r}{guess(name, names)} It has: {', '.join(names)}; write"
                ' anything else as set={"data.message.data.text": "…"}'
            )
    if {"receiver", "group"} <= wanted.fields.keys():
        raise HarnessError("a message goes to a receiver or into a group: leave one of them out")


def _no_sample(trigger: str, known: Iterable[str], *, legacy: bool) -> str:
    meant = [
        entry.name
        for entry in TRIGGERS.values()
        if entry.canonical == trigger and entry.name in known
    ]
    hint = (
        f"; that is the canonical name of {', '.join(meant)}." if meant else guess(trigger, known)
    )
    generation = "legacy sample" if legacy else "sample"
    return (
        f"there is no {generation} of {trigger!r}{hint}"
        ' In place of it, write bookmark="…" for a bookmark and body={…} for a body of your own.'
    )


def _scene(fields: Fields, now_ms: int, random: Random) -> Scene:
    """Two people, or one in a group, none of them anybody whom the test names."""
    named = {fields.get("sender"), fields.get("receiver"), fields.get("member")}
    sender, receiver = [person for person in PEOPLE if person.uid not in named][:2]
    return Scene(
        random, now_ms, sender, GROUPS[0] if "group" in fields else receiver, samples.APP_ID
    )


def _view(body: dict[str, Any]) -> Event:
    """The event that a body will be, to see who is who in it."""
    entry = TRIGGERS.get(body["trigger"])
    return Event(
        id="",
        source=COMETCHAT,
        trigger=body["trigger"],
        name=entry.canonical if entry else None,
        app_id=None,
        conversation_id=None,
        occurred_at=None,
        received_at=0,
        raw=dumps(body),
    )


def _names(wanted: Wanted, event: Event, scene: Scene) -> dict[str, str]:
    """What stands in the sample, to what is to stand there."""
    about = event.receipt or event.reaction or None
    message = event.message
    there = {
        "sender": event.sender.uid if event.sender else scene.sender.uid,
        "receiver": None if isinstance(scene.receiver, Circle) else scene.receiver.id,
        "group": event.group.guid if event.group else scene.receiver.id,
        "member": event.members[0].uid if event.members else None,
        "message_id": (message.id if message else None) or (about.message_id if about else None),
    }
    text = event.raw.decode()
    names = {}
    for name, old in there.items():
        if name not in wanted.fields:
            continue
        if not old or f'"{old}"' not in text:
            raise HarnessError(
                f"a sample of {wanted.trigger} has no {name}; leave it out, or use set={{…}}"
            )
        names[old] = str(wanted.fields[name])  # type: ignore[literal-required]
    return names


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    """`value` with other ids, wherever they stand."""
    if isinstance(value, dict):
        return _renamed_object(value, names)
    if isinstance(value, list):
        return [_renamed(item, names) for item in value]
    return _renamed_text(value, names) if isinstance(value, str) else value


def _renamed_object(value: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    renamed = {names.get(key, key): _renamed(item, names) for key, item in value.items()}
    if "name" in value and {value.get("uid"), value.get("guid")} & names.keys():
        renamed["name"] = renamed.get("uid") or renamed.get("guid")
    return renamed


def _renamed_text(text: str, names: Mapping[str, str]) -> str:
    if text in names:
        return names[text]
    first, joint, second = text.partition("_user_")
    if joint and {first, second} & names.keys():
        return "_user_".join(sorted((names.get(first, first), names.get(second, second))))
    guid = text.removeprefix("group_")
    if guid != text and guid in names:
        return f"group_{names[guid]}"
    for old, new in names.items():
        text = text.replace(f"<@uid:{old}>", f"<@uid:{new}>")
    return text


def _describe_message(wanted: Wanted, body: dict[str, Any]) -> None:
    """Give the message, or the reaction, what the test says of it."""
    fields, event = wanted.fields, _view(body)
    if "emoji" in fields:
        if event.reaction is None:
            raise HarnessError(f"{wanted.trigger} is about no reaction: leave emoji out")
        body["data"]["reaction"]["reaction"] = fields["emoji"]
    said = {name: fields[name] for name in ("text", "metadata", "tags") if name in fields}
    if not said:
        return
    outer: Any = message_in(body["data"])
    if event.message is None or "sender" not in outer:
        raise HarnessError(
            f"{wanted.trigger} holds no message: leave {', '.join(said)} out, or use set={{…}}"
        )
    message: Any = changed_in(outer) or outer
    tags = said.pop("tags", None)
    if tags is not None:
        message["tags"] = list(tags)
    if said:
        message.setdefault("data", {}).update(said)
