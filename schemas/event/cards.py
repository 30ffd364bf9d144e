"""What cards say and do, and what agents say: messages of category `card` and `agentic`."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from comethooks.schemas.event.readonly import ReadOnlyDict
from comethooks.schemas.event.views import (
    View,
    id_string,
    lazy,
    mapping,
    object_in,
    objects_in,
    string,
    text,
)
from comethooks.schemas.wire.cards import ACTION_METHOD, CHILDREN_KEYS, TEXT_KEYS
from comethooks.schemas.wire.rules import to_text

_DEEPEST = 50
"""Levels of containers in containers that are read."""


class CardAction(View):
    """What happens when somebody presses an element of a card.

    The kits leave that to the app's own code.
    """

    _shown: ClassVar[tuple[str, ...]] = ("type",)

    type = string("type")
    url = text("url")
    headers = mapping("headers")
    body = mapping("body")

    @lazy
    def method(self: "CardAction") -> str | None:
        """The HTTP method of an `apiCall`, in capitals; `POST` when it does not say."""
        if self.type != "apiCall":
            return None
        return (to_text(self._wire.get("method")) or ACTION_METHOD).upper()

    @lazy
    def data(self: "CardAction") -> Mapping[str, Any]:
        """All of it, with what its type puts there: `uid`, `guid`, `value`, `callType`, …"""
        return ReadOnlyDict(dict(self._wire))


class CardElement(View):
    """A part of a card. What others are in has them as elements of their own."""

    _shown: ClassVar[tuple[str, ...]] = ("id", "type")

    id = id_string("id")
    type = string("type")

    @lazy
    def texts(self: "CardElement") -> tuple[str, ...]:
        """What it says itself, without what is in it."""
        return tuple(_own_texts(self._wire))

    @lazy
    def action(self: "CardElement") -> CardAction | None:
        """What happens when it is pressed; None when nothing does."""
        found = object_in(self._wire.get("action"))
        return CardAction(found) if found else None

    @lazy
    def data(self: "CardElement") -> Mapping[str, Any]:
        """All of it, with what its type puts there."""
        return ReadOnlyDict(dict(self._wire))


class Card(View):
    """What is drawn of a message of the category `card`."""

    _shown: ClassVar[tuple[str, ...]] = ("version",)

    @lazy
    def version(self: "Card") -> str | None:
        """Of the language that it is written in."""
        return to_text(self._card.get("version"))

    @lazy
    def fallback(self: "Card") -> str:
        """What a client shows that cannot draw it."""
        return to_text(self._card.get("fallbackText")) or ""

    @lazy
    def elements(self: "Card") -> tuple[CardElement, ...]:
        """Its elements in reading order, each before what is in it."""
        return tuple(CardElement(part) for part in self._parts() if "type" in part)

    @lazy
    def actions(self: "Card") -> Mapping[str, CardAction]:
        """What can be pressed, by the id of its element; of several with one id the first."""
        found: dict[str, CardAction] = {}
        for element in self.elements:
            if element.id and element.action is not None:
                found.setdefault(element.id, element.action)
        return MappingProxyType(found)

    def texts(self) -> tuple[str, ...]:
        """All that a reader sees, in reading order: the preview, and what the elements say."""
        preview = to_text(self._wire.get("preview"))
        said = (text for part in self._parts() for text in _own_texts(part))
        return (*filter(None, (preview,)), *said)

    @lazy
    def _card(self: "Card") -> dict[str, Any]:
        return object_in(self._wire.get("card"))

    def _parts(self) -> Iterator[Mapping[str, Any]]:
        return card_parts(self._card.get("body"))


class AgentElement(View):
    """A part of what an agent says: a text, or a card."""

    _shown: ClassVar[tuple[str, ...]] = ("type",)

    type = string("type")
    text = string("value")

    @lazy
    def card(self: "AgentElement") -> Card | None:
        """The card; None when it is a text."""
        found = object_in(self._wire.get("value"))
        return Card({"card": found}) if found else None


def card_of(message: View | None) -> Card | None:
    """The card of a message, with its preview; None when it has none."""
    if message is None:
        return None
    data = object_in(message._wire.get("data"))
    found = object_in(data.get("card")) or object_in(message._wire.get("card"))
    is_one = str(message._wire.get("category")).lower() == "card"
    if not found and not is_one:
        return None
    preview = to_text(data.get("text")) or to_text(message._wire.get("text"))
    return Card({"card": found, "preview": preview})


def agent_elements(*holders: Mapping[str, Any]) -> tuple[AgentElement, ...]:
    """The elements of what an agent says, of the first of `holders` that has some."""
    found = (objects_in(each.get("elements")) for each in holders)
    return tuple(map(AgentElement, next(filter(None, found), ())))


def drawn_text(data: Mapping[str, Any]) -> str:
    """The text of what kits draw from the `data` of a message: a card, or an agent's elements.

    Elements stand below one another. Empty when there is none.
    """
    return _fallback_of(data.get("card")) or "\n".join(_texts_of(data.get("elements")))


def card_parts(value: Any, levels: int = _DEEPEST) -> Iterator[dict[str, Any]]:
    """Every object in a list of elements, in reading order; tabs, which are no elements, too."""
    if not levels or not isinstance(value, list):
        return
    for part in value:
        if isinstance(part, dict):
            yield part
            for key in CHILDREN_KEYS:
                yield from card_parts(part.get(key), levels - 1)


def _own_texts(part: Mapping[str, Any]) -> Iterator[str]:
    for key in TEXT_KEYS:
        if found := to_text(part.get(key)):
            yield found
    yield from _cells(part.get("columns"))
    rows = part.get("rows")
    for row in rows if isinstance(rows, list) else ():
        yield from _cells(row)


def _cells(row: Any) -> Iterator[str]:
    yield from (filter(None, map(to_text, row)) if isinstance(row, list) else ())


def _fallback_of(card: Any) -> str:
    return to_text(object_in(card).get("fallbackText")) or ""


def _texts_of(elements: Any) -> Iterator[str]:
    for element in objects_in(elements):
        value = element.get("value")
        if text := to_text(value) or _fallback_of(value):
            yield text
