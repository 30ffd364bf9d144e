"""What keeps an interactive message or a card from being drawn, before it is sent; and the buttons
in it, before they have an address.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from comethooks.schemas.event.cards import card_parts
from comethooks.schemas.event.interactive import element_parts
from comethooks.schemas.event.views import object_in
from comethooks.schemas.loading import by_path
from comethooks.schemas.wire.interactive import element_type, interactive_kind
from comethooks.schemas.wire.rules import to_text
from comethooks.schemas.wire.sendable import KINDS, SentCardSchema, SentGoalSchema

_CALL, _CALL_OF_CARDS = "apiAction", "apiCall"
_PRESSED = frozenset(("button", "iconButton"))
"""Elements of cards that are there to be pressed."""


def interactive_problems(kind: str, data: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the `data` of an interactive message of a kind, a line for each path."""
    content, goal = data["interactiveData"], data["interactionGoal"]
    if schema := KINDS.get(interactive_kind(kind)):
        yield from _lines(schema().validate(content), "data.interactiveData")
    ids = [found for part in element_parts(content) if (found := to_text(part["elementId"]))]
    yield from _repeated(ids, "data.interactiveData")
    yield from _lines(SentGoalSchema().validate(goal), "data.interactionGoal")
    named = goal.get("elementIds")
    for number, each in enumerate(named if isinstance(named, list) else ()):
        if each not in ids:
            yield f"data.interactionGoal.elementIds[{number}]: No element has this id: {each!r:.60}"


def card_problems(data: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the `data` of a card, a line for each path."""
    card = data["card"]
    yield from _lines(SentCardSchema().validate(card), "data.card")
    parts = card_parts(object_in(card).get("body"))
    yield from _repeated((to_text(part.get("id")) or "" for part in parts), "data.card")


def open_buttons(content: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The buttons of an interactive message that call nobody yet, each with its id: those without
    an action, and those whose `apiAction` has no address.
    """
    for part in element_parts(content):
        name, action = to_text(part["elementId"]), part.get("action") or {}
        if element_type(part.get("elementType")) != "button" or name is None:
            continue
        calls = isinstance(action, dict) and action.get("actionType", _CALL) == _CALL
        if calls and not action.get("url"):
            yield name, part


def open_parts(card: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The same of a card: what is there to be pressed and has no action, and each `apiCall` without
    an address.
    """
    for part in card_parts(object_in(card).get("body")):
        name, action = to_text(part.get("id")), part.get("action") or {}
        if name is None or not isinstance(action, dict):
            continue
        is_bare = not action and part.get("type") in _PRESSED
        if is_bare or (action.get("type") == _CALL_OF_CARDS and not action.get("url")):
            yield name, part


def _lines(errors: Mapping[Any, Any], prefix: str) -> Iterator[str]:
    for path, messages in by_path(errors, prefix).items():
        yield f"{path}: {' '.join(messages)}"


def _repeated(ids: Iterable[str], path: str) -> Iterator[str]:
    for each, times in Counter(filter(None, ids)).items():
        if times > 1:
            yield f"{path}: {times} elements have the id {each!r:.60}"
