"""What people say of an event by name: a sample with that in every place where it stands."""

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any, TypedDict

from comethooks.samples.filling import filled
from comethooks.samples.making import APP_ID
from comethooks.samples.people import GROUPS, PEOPLE, Circle
from comethooks.samples.scene import Scene
from comethooks.samples.templates import Template
from comethooks.schemas import COMETCHAT, TRIGGERS, Event
from comethooks.schemas.wire.moderation import reviewed_in
from comethooks.schemas.wire.shapes import changed_in, message_in
from comethooks.workers.texts import dumps


class Fields(TypedDict, total=False):
    """What can be said of an event by name."""

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


class FieldError(ValueError):
    """A sample has no place for the fields `names`, or for all of them at once."""

    def __init__(self, problem: str, names: Sequence[str], *, together: bool = False) -> None:
        super().__init__(problem)
        self.names = tuple(names)
        self.together = together

    def remedy(self, called: Callable[[str], str] = str) -> str:
        """What to do; `called` gives the name by which the caller knows a field."""
        names = [called(name) for name in self.names]
        return f"leave {'one of ' if self.together else ''}{' and '.join(names)} out"


def with_fields(
    template: Template,
    fields: Fields,
    *,
    now_ms: int,
    random: Random,
    app_id: str = APP_ID,
) -> dict[str, Any]:
    """A body of `template`, about something that happened at `now_ms`, with `fields` in it.

    It is about two people, or about one in a group. Raises `FieldError`.
    """
    if {"receiver", "group"} <= fields.keys():
        problem = "a message goes to a receiver or into a group"
        raise FieldError(problem, ["receiver", "group"], together=True)
    # Nobody whom the caller names, because all of their names are replaced.
    named = {fields.get("sender"), fields.get("receiver"), fields.get("member")}
    sender, receiver = [person for person in PEOPLE if person.uid not in named][:2]
    scene = Scene(random, now_ms, sender, GROUPS[0] if "group" in fields else receiver, app_id)
    body = filled(template, scene)
    body = _renamed_object(body, _names(fields, _view(body), scene))
    _describe(fields, body)
    return body


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


def _names(fields: Fields, event: Event, scene: Scene) -> dict[str, str]:
    """What stands in the sample, to what is to stand there."""
    about = event.receipt or event.reaction or None
    message = event.message
    there = {
        "sender": (event.sender.uid if event.sender else None) or scene.sender.uid,
        "receiver": None if isinstance(scene.receiver, Circle) else scene.receiver.id,
        "group": event.group.guid if event.group else scene.receiver.id,
        "member": event.members[0].uid if event.members else None,
        "message_id": (message.id if message else None) or (about.message_id if about else None),
    }
    text = event.raw.decode()
    names = {}
    for name, old in there.items():
        if name not in fields:
            continue
        if not old or f'"{old}"' not in text:
            raise FieldError(f"a sample of {event.trigger} has no {name}", [name])
        names[old] = str(fields[name])  # type: ignore[literal-required]
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


def _describe(fields: Fields, body: dict[str, Any]) -> None:
    """Give the message, or the reaction, what is said of it."""
    event = _view(body)
    if "emoji" in fields:
        if event.reaction is None:
            raise FieldError(f"{event.trigger} is about no reaction", ["emoji"])
        body["data"]["reaction"]["reaction"] = fields["emoji"]
    said = {name: fields[name] for name in ("text", "metadata", "tags") if name in fields}
    if not said:
        return
    outer: Any = reviewed_in(body["data"].get("contextMessages")) or message_in(body["data"])
    if event.message is None or "sender" not in outer:
        raise FieldError(f"{event.trigger} holds no message", list(said))
    message: Any = changed_in(outer) or outer
    tags = said.pop("tags", None)
    if tags is not None:
        message["tags"] = list(tags)
    if said:
        message.setdefault("data", {}).update(said)
