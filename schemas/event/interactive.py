"""Interactive messages: forms, cards, schedulers and what apps make themselves. Times are UTC."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from comethooks.schemas.event.messages import Message
from comethooks.schemas.event.views import (
    View,
    id_string,
    lazy,
    mapping,
    object_in,
    objects_in,
    string,
    texts_in,
    time,
)
from comethooks.schemas.wire.interactive import element_type, goal_type, interactive_kind
from comethooks.schemas.wire.rules import to_flag, to_id, to_text

_DEEPEST = 50
"""Levels in which elements are looked for, where an app says itself how its messages look."""
_IN_ORDER = ("formFields", "cardActions", "scheduleElement", "submitElement")
"""Where kits have elements, in the order in which they draw them."""
_NO_ELEMENTS_IN = ("action", "options")


class ElementOption(View):
    """One of the values that an element lets its user choose from."""

    _shown: ClassVar[tuple[str, ...]] = ("value",)

    value = id_string("value")
    label = string("label")


class Element(View):
    """A field or a button of an interactive message."""

    _shown: ClassVar[tuple[str, ...]] = ("id", "type")

    id = id_string("elementId")
    label = string("label", "buttonText", "text")
    action = mapping("action")

    @lazy
    def type(self: "Element") -> str:
        """As the kits write it, whatever the case in the body: `textInput`, `Select`, `button`."""
        return element_type(self._wire.get("elementType"))

    @lazy
    def optional(self: "Element") -> bool:
        """Whether it may be left empty, as it may unless the body says otherwise."""
        return to_flag(self._wire.get("optional")) is not False

    @lazy
    def options(self: "Element") -> tuple[ElementOption, ...]:
        """What there is to choose from."""
        return tuple(map(ElementOption, objects_in(self._wire.get("options"))))

    @lazy
    def default(self: "Element") -> str | tuple[str, ...] | None:
        """The value, or the values, that it has before anybody enters one."""
        found = self._wire.get("defaultValue")
        return texts_in(found) if isinstance(found, list) else to_id(found)

    @lazy
    def disable_after_interacted(self: "Element") -> bool:
        """Whether it can be used once only."""
        return to_flag(self._wire.get("disableAfterInteracted")) is True


class InteractionGoal(View):
    """When a user's interaction with a message is complete."""

    _shown: ClassVar[tuple[str, ...]] = ("type", "element_ids")

    @lazy
    def type(self: "InteractionGoal") -> str:
        """`anyAction`, `anyOf`, `allOf` or `none`, whatever the spelling; others as they are."""
        return goal_type(self._wire.get("type"))

    @lazy
    def element_ids(self: "InteractionGoal") -> tuple[str, ...]:
        """The elements that it is about."""
        listed = self._wire.get("elementIds")
        found = map(to_id, listed) if isinstance(listed, list) else ()
        return tuple(each for each in found if each)


class ElementInteraction(View):
    """What a message itself says of one that took place."""

    _shown: ClassVar[tuple[str, ...]] = ("element_id",)

    element_id = id_string("elementId")
    interacted_at = time("interactedAt")


class Interactive(View):
    """What is interactive in a message."""

    _shown: ClassVar[tuple[str, ...]] = ("kind",)

    @lazy
    def kind(self: "Interactive") -> str:
        """`form`, `card`, `scheduler`, or the name that an app has given it."""
        return interactive_kind(self._wire.get("type"))

    @lazy
    def title(self: "Interactive") -> str:
        """Its title; of a card, which has none, its text."""
        return to_text(self._content.get("title")) or to_text(self._content.get("text")) or ""

    @lazy
    def elements(self: "Interactive") -> Mapping[str, Element]:
        """Its fields and buttons by id, in the order in which kits draw them.

        Of several with one id the first counts.
        """
        found: dict[str, Element] = {}
        for wire in element_parts(self._content):
            element = Element(wire)
            if element.id:
                found.setdefault(element.id, element)
        return MappingProxyType(found)

    @lazy
    def goal(self: "Interactive") -> InteractionGoal:
        """When an interaction is complete; of the type `none` when the body does not say."""
        return InteractionGoal(object_in(self._either("interactionGoal")))

    @lazy
    def allow_sender_interaction(self: "Interactive") -> bool:
        """Whether what the sender does counts, too."""
        return to_flag(self._either("allowSenderInteraction")) is True

    @lazy
    def interactions(self: "Interactive") -> tuple[ElementInteraction, ...]:
        """Those that the message itself tells of."""
        return tuple(map(ElementInteraction, objects_in(self._either("interactions"))))

    @lazy
    def _content(self: "Interactive") -> dict[str, Any]:
        return object_in(self._either("interactiveData"))

    def _either(self, key: str) -> Any:
        """What webhooks have in the message's `data`, and objects of the SDKs at its top."""
        found = object_in(self._wire.get("data")).get(key)
        return self._wire.get(key) if found is None else found


def interactive_of(message: Message | None) -> Interactive | None:
    """What is interactive in a message; None when nothing is."""
    if message is None:
        return None
    is_so = message.category.lower() == "interactive" or message.interactive_data is not None
    return Interactive(message._wire) if is_so else None


def element_parts(value: Any, levels: int = _DEEPEST) -> Iterator[dict[str, Any]]:
    """Every object in `value` that is an element, in the order in which kits draw them."""
    if not levels:
        return
    if isinstance(value, list):
        for each in value:
            yield from element_parts(each, levels - 1)
    elif isinstance(value, dict):
        if "elementId" in value:
            yield value
        # A body may have its button before its fields.
        keys = [key for key in value if key not in _IN_ORDER]
        for key in (*(key for key in _IN_ORDER if key in value), *keys):
            if key not in _NO_ELEMENTS_IN:
                yield from element_parts(value[key], levels - 1)
