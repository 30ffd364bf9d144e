"""A body of every kind, those of `tests.bodies` and one of each that `comethooks.samples` makes;
and ways through one.

What is free in a body, and which keys are ids, is written down here by hand, independently of the
schemas.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from random import Random
from typing import Any, NamedTuple

from comethooks.samples import all_samples
from comethooks.schemas import TRIGGERS, Event, Parsed, Sender, parse
from comethooks.schemas.triggers.table import entry_for
from comethooks.schemas.triggers.trigger import Form, Trigger
from tests.bodies import NAMES, body, dump

NOW_MS = 1_760_000_301_000
GENERATED = {str(kind): made for kind, made in all_samples(now_ms=NOW_MS, random=Random(4))}
SAMPLES: dict[str, dict[str, Any]] = {name: body(name) for name in NAMES} | GENERATED
"""Every kind of body, by a name for it. Nobody changes them."""
KNOWN = [name for name, sample in SAMPLES.items() if sample["trigger"] in TRIGGERS]

FREE = frozenset(
    (
        "metadata",
        "customData",
        "content",
        "variables",
        "interactiveData",
        "extras",
        "condition",
        "payload",
        "validationErrors",
    )
)
"""The keys whose values belong to somebody else than CometChat."""
FREE_IN = frozenset(
    (
        ("card", "body"),
        ("card", "style"),
        ("elements", "value"),
        ("function", "arguments"),
        ("notificationDetails", "custom"),
    )
)
"""The same, for keys that are free in what stands under another one only."""
BY_ID = frozenset(("members", "users", "mentions"))
"""The keys of objects whose keys are ids."""
LISTS_BY_ID = frozenset(("contextMessages",))
"""The keys of lists of such objects; what somebody wrote stands there, or a whole message."""
WITH_SCHEMA = frozenset((Sender.LEGACY, Sender.CURRENT, Sender.PROVIDER, Sender.MODERATION))
"""Of all others, the envelope is all that is known."""

Steps = tuple[str | int, ...]


class Place(NamedTuple):
    """Something in a body: how to get there, how drift calls it, and what stands there."""

    steps: Steps
    path: str
    value: Any

    @property
    def dotted(self) -> str:
        """The path as the table of triggers writes it."""
        return ".".join(str(step) for step in self.steps)


def places(value: dict[str, Any], steps: Steps = (), path: str = "") -> Iterator[Place]:
    """Everything below an object that the schemas should know, as deep as they do."""
    for key, item in value.items():
        here = Place((*steps, key), f"{path}.{key}".lstrip("."), item)
        yield here
        if is_free(here) or (key == "data" and not steps and not knows_data(value)):
            continue
        if isinstance(item, list):
            for index, each in enumerate(item):
                if isinstance(each, dict):
                    within_list = (*here.steps, index), f"{here.path}[]"
                    yield from (_by_id if key in LISTS_BY_ID else places)(each, *within_list)
        elif isinstance(item, dict) and key in BY_ID:
            for identifier, each in item.items():
                yield from places(each, (*here.steps, identifier), f"{here.path}.*")
        elif isinstance(item, dict):
            yield from places(item, here.steps, here.path)


def _by_id(value: dict[str, Any], steps: Steps, path: str) -> Iterator[Place]:
    """The same of an object whose keys are ids."""
    for identifier, each in value.items():
        here = Place((*steps, identifier), f"{path}.*", each)
        yield here
        if isinstance(each, dict):
            yield from places(each, here.steps, here.path)


def objects(value: dict[str, Any]) -> Iterator[Place]:
    """Every object of a body, itself first, whose keys the schemas should know."""
    yield Place((), "", value)
    for place in places(value):
        if not isinstance(place.value, dict) or is_free(place):
            continue
        if place.steps == ("data",) and not knows_data(value):
            continue
        if place.steps[-1] not in BY_ID:
            yield place
        else:
            for identifier, each in place.value.items():
                yield Place((*place.steps, identifier), f"{place.path}.*", each)
    for place in places(value):
        if isinstance(place.value, list) and not is_free(place):
            for index, each in enumerate(place.value):
                if isinstance(each, dict) and place.steps[-1] not in LISTS_BY_ID:
                    yield Place((*place.steps, index), f"{place.path}[]", each)


def is_free(place: Place) -> bool:
    """Whether what stands there belongs to somebody else than CometChat."""
    named = [step for step in place.steps if isinstance(step, str)]
    return named[-1] in FREE or tuple(named[-2:]) in FREE_IN


def knows_data(value: dict[str, Any]) -> bool:
    """Whether there is a schema for the `data` of a body, which is not so for every trigger."""
    return not WITH_SCHEMA.isdisjoint(entry_for(value["trigger"]).senders)


def optional(value: dict[str, Any]) -> list[Place]:
    """What a body may be without: all but what its form requires, and what that is in."""
    needed = [
        path for paths in ("trigger", "data", *form_of(value).required) for path in paths.split("|")
    ]
    return [
        place
        for place in places(value)
        if not is_reviewed(place) and not any(makes(place, path) for path in needed)
    ]


def is_reviewed(place: Place) -> bool:
    """Whether it is the message that a question of moderation is about."""
    return isinstance(place.value, dict) and not LISTS_BY_ID.isdisjoint(place.steps[-3:-2])


def makes(place: Place, needed: str) -> bool:
    """Whether something makes what is needed: is it, holds it, or is the id in the user or group
    that it is.
    """
    is_id = place.steps[-1] in ("uid", "guid") and place.dotted.rpartition(".")[0] == needed
    return is_id or within(needed, place.dotted)


def within(path: str, whole: str) -> bool:
    """Whether a path is another one, or below it."""
    return path == whole or path.startswith(f"{whole}.")


def put(value: Any, steps: Steps, new: Any) -> Any:
    """A copy of a body with `new` at a place; what does not lead there is shared."""
    return _copied(value, steps, lambda holder, key: holder.__setitem__(key, new))


def drop(value: Any, steps: Steps) -> Any:
    """A copy of a body with nothing at a place."""
    return _copied(value, steps, lambda holder, key: holder.__delitem__(key))


def _copied(value: Any, steps: Steps, change: Callable[[Any, Any], None]) -> Any:
    copied = value.copy()
    if len(steps) == 1:
        change(copied, steps[0])
    else:
        copied[steps[0]] = _copied(value[steps[0]], steps[1:], change)
    return copied


def entry_of(value: dict[str, Any]) -> Trigger:
    """The entry of the table for a body."""
    return entry_for(value["trigger"])


def form_of(value: dict[str, Any]) -> Form:
    """The form that a body is written in."""
    return entry_of(value).form_of(value)


def raw_of(value: Any) -> bytes:
    """A body as bytes; some bytes where orjson cannot write it."""
    try:
        return dump(value)
    except TypeError:
        return repr(value).encode("utf-8", "backslashreplace")


def accepted(value: dict[str, Any], **options: Any) -> Parsed:
    """What `parse` says of a body."""
    return parse(value, raw_of(value), **options)


def said(parsed: Parsed) -> Parsed:
    """What is said of a body, whatever it repeats: without its duplicate key."""
    return replace(parsed, duplicate_key=b"")


def event_of(value: dict[str, Any], **options: Any) -> Event:
    """The event that handlers get for a body; `options` replace what it is made of."""
    raw = options.pop("raw", None) or dump(value)
    parsed = parse(value, raw)
    return Event(
        **{
            "id": "0199c0de",
            "source": "cometchat",
            "trigger": parsed.trigger,
            "name": parsed.name,
            "app_id": parsed.app_id,
            "conversation_id": parsed.conversation_id,
            "occurred_at": parsed.occurred_at,
            "received_at": 1760000500250,
            "raw": raw,
        }
        | options
    )


def public(kind: type) -> list[str]:
    """The attributes of a class that are there for everybody."""
    annotated = {name for base in kind.__mro__ for name in vars(base).get("__annotations__", {})}
    return sorted(name for name in {*annotated, *dir(kind)} if not name.startswith("_"))


def _one_of_each(kinds: Callable[[dict[str, Any]], set[Any]]) -> list[str]:
    """The samples, without those that have nothing of a kind that an earlier one does not have."""
    seen: set[Any] = set()
    found = []
    for name in KNOWN:
        if new := kinds(SAMPLES[name]) - seen:
            seen |= new
            found.append(name)
    return found


def _written_as(value: dict[str, Any]) -> tuple[Any, ...]:
    form = form_of(value)
    return form.shape.name, form.shape.schema, form.family.name, form.required


FORMS = _one_of_each(lambda value: {(value["trigger"], _written_as(value))})
"""Samples, one of each form of each trigger."""
EVERY_PLACE = _one_of_each(
    lambda value: {(_written_as(value), place.path) for place in places(value)}
)
"""Samples that together have everything, in every place where any sample has it."""
