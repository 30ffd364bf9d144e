"""docs/events.md says everything that a handler may read, and nothing else; its table of triggers
is the table.
"""

import inspect
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import MappingProxyType

import pytest

from comethooks import schemas
from comethooks.schemas import (
    COMETCHAT,
    KINDS,
    OURS,
    TRIGGERS,
    Event,
    MessageEvent,
    Sender,
    kind_of,
)
from comethooks.schemas.event.views import Frozen
from comethooks.schemas.triggers.trigger import Form, Trigger
from comethooks.workers.patterns import misfit
from tests.looped import looped
from tests.schemas.samples import FORMS, SAMPLES, drop, event_of, optional, public

PAGE = (Path(__file__).parents[2] / "docs" / "events.md").read_text()
VIEWS = [
    item
    for name in schemas.__all__
    if inspect.isclass(item := getattr(schemas, name))
    and issubclass(item, Frozen)
    and item not in KINDS
]
ORDER = tuple(Sender)
NONE = "\N{EN DASH}"


def section(title: str) -> str:
    """The text below a heading."""
    return re.split(r"^## ", PAGE.partition(f"\n## {title}\n")[2], flags=re.MULTILINE)[0]


def listed(title: str) -> list[str]:
    """The attributes that the table below a heading has."""
    cells = re.findall(r"^\| (`[^|]+) \|", section(title), re.MULTILINE)
    return [name for cell in cells for name in re.findall(r"`(?:event\.)?(\w+)`", cell)]


@looped("view", VIEWS, ids=lambda view: view.__name__)
def test_every_public_attribute_is_on_the_page(view):
    """In the table of its class, once; a member has what a user has."""
    inherited = set(public(view.__mro__[1])) if view.__mro__[1] in VIEWS else set()
    assert sorted(listed(view.__name__)) == sorted(set(public(view)) - inherited)


@looped("view", VIEWS, ids=lambda view: view.__name__)
def test_every_row_says_what_type_and_when_there_is_none(view):
    """Three cells."""
    rows = re.findall(r"^\| `.+$", section(view.__name__), re.MULTILINE)
    assert rows
    assert {row.count(" | ") for row in rows} == {2}


def test_every_view_is_exported():
    """So that a handler can ask `isinstance` of all that it gets."""
    assert {view.__name__ for view in VIEWS} == {
        *(
            "Event",
            "Message",
            "Attachment",
            "Action",
            "User",
            "Member",
            "Group",
            "Receipt",
            "Reaction",
        ),
        *("Presence", "Connection", "Call", "Participant", "Moderation", "Recording", "Campaign"),
        *("Notification", "ReceivedInteraction", "Meeting", "Completion", "AppSilence"),
        *("Interactive", "Element", "ElementOption", "ElementInteraction", "InteractionGoal"),
        *("Card", "CardElement", "CardAction", "AgentElement"),
    }
    assert Event in VIEWS


@cache
def never_none(view: type[Frozen]) -> set[str]:
    """The attributes that have a dash in the last column, those that are inherited as well."""
    rows = [
        row
        for base in view.__mro__
        for row in re.findall(r"^\| `.+$", section(base.__name__), re.MULTILINE)
        if row.split(" | ")[2].startswith(NONE)
    ]
    return {
        name for row in rows for name in re.findall(r"`(?:event\.)?(\w+)`", row.split(" | ")[0])
    }


def views_in(value: object) -> Iterator[Frozen]:
    """A view and all that can be read from it."""
    if isinstance(value, Frozen):
        yield value
        for name in public(type(value)):
            yield from views_in(getattr(value, name))
    elif isinstance(value, tuple | MappingProxyType):
        for each in value.values() if isinstance(value, MappingProxyType) else value:
            yield from views_in(each)


@looped("name", FORMS)
def test_what_is_never_none_is_there_whatever_a_body_leaves_out(name):
    """Of all that a body may be without."""
    sample = SAMPLES[name]
    for left in [sample, *(drop(sample, place.steps) for place in optional(sample))]:
        for view in views_in(event_of(left)):
            missing = {each for each in never_none(type(view)) if getattr(view, each) is None}
            assert not missing, (type(view), left)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_the_table_of_kinds_has_it(kind):
    """With the names of its events, whole or up to the dot, and with what is never None."""
    [row] = re.findall(rf"^\| `{kind.__name__}`.*$", section("Kinds of events"), re.MULTILINE)
    patterns, attributes = (re.findall(r"`([^`]+)`", cell) for cell in row.split("|")[2:4])
    names = {
        name: kind_of(entry.name, OURS if entry.is_ours else COMETCHAT)
        for entry in TRIGGERS.values()
        for name in entry.names
    }
    for name, of in names.items():
        fits = any(misfit(pattern, name, name, COMETCHAT) is None for pattern in patterns)
        assert fits is (of is kind), name
    promised = {
        name for base in kind.__mro__[:-3] for name in vars(base).get("__annotations__", ())
    }
    own = {name for name in promised if name not in Event.__annotations__}
    has_sender = issubclass(kind, MessageEvent)
    assert set(attributes) == {f"event.{name}" for name in (*own, *["sender"] * has_sender)}


def needs(form: Form) -> str:
    """What a body in one form cannot be without, below its `data`."""
    choices = (
        " or ".join(f"`{path.removeprefix('data.')}`" for path in paths.split("|"))
        for paths in form.required
    )
    return ", ".join(choices) or NONE


def row(trigger: Trigger) -> str:
    """The line of the table for a trigger."""
    generations = ", ".join(each.value for each in ORDER if each in trigger.senders)
    forms = "; or ".join(dict.fromkeys(needs(form) for form in trigger.forms))
    canonical = f"`{trigger.canonical}`" if trigger.canonical else NONE
    return f"| `{trigger.name}` | {canonical} | {generations} | {forms} |"


@looped("trigger", TRIGGERS.values(), ids=lambda trigger: trigger.name)
def test_the_table_of_triggers_has_it(trigger):
    """As the code has it; a row that is missing is in the message."""
    assert row(trigger) in PAGE


def test_the_table_of_triggers_has_nothing_else():
    """A trigger that was taken out is gone from the page as well."""
    rows = re.findall(r"^\| `[\w*.-]+` \| .+$", section("Triggers"), re.MULTILINE)
    assert rows == [row(trigger) for trigger in TRIGGERS.values()]
