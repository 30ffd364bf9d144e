"""How the parts of interactive messages are spelled, in the kits, in CometChat's documentation and
by the SDKs' constants.

Each is read without regard to case, and what is unknown is kept as it is: an app may make kinds of
messages and of elements of its own.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from comethooks.schemas.wire.rules import to_text

KINDS_OF_INTERACTIVE = ("form", "card", "scheduler", "customInteractive")
ELEMENT_TYPES = (
    "label",
    "textInput",
    "dropdown",
    "Select",
    "singleSelect",
    "checkbox",
    "radio",
    "dateTime",
    "button",
)
"""`Select`, of which several can be chosen, is documented so; the others are the kits'."""


class GoalType(StrEnum):
    """What a goal asks for, as it is written on the wire."""

    ANY_ACTION = "anyAction"
    ANY_OF = "anyOf"
    ALL_OF = "allOf"
    NONE = "none"


GOAL_TYPES = tuple(each.value for each in GoalType)
NO_GOAL = GoalType.NONE.value


def interactive_kind(value: Any) -> str:
    """The kind of an interactive message, from its `type`; empty when it does not say."""
    return _KINDS.get(_plain(value), to_text(value) or "")


def element_type(value: Any) -> str:
    """The type of an element, as the kits write it; empty when it does not say."""
    return _ELEMENTS.get(_plain(value), to_text(value) or "")


def goal_type(value: Any) -> str:
    """The type of a goal, as it is written on the wire; `none` when it does not say."""
    return _GOALS.get(_plain(value), to_text(value) or NO_GOAL)


def _plain(value: Any) -> str:
    return value.lower().replace("_", "") if isinstance(value, str) else ""


def _by_plain(names: Iterable[str]) -> dict[str, str]:
    return {_plain(name): name for name in names}


_KINDS, _ELEMENTS, _GOALS = map(_by_plain, (KINDS_OF_INTERACTIVE, ELEMENT_TYPES, GOAL_TYPES))
