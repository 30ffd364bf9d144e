"""What a form, a card or a scheduler cannot be without when it is sent.

What comes in is read however it is; what goes out is checked, since a kit that cannot draw a
message shows nothing, and tells nobody. The elements are those of the kits' published source and of
CometChat's documentation. What is unknown may be an app's own, and is let through.
"""

from collections.abc import Mapping
from typing import Any

from marshmallow import INCLUDE, Schema, ValidationError, fields, validates_schema

from comethooks.schemas.wire.cards import CHILDREN_KEYS
from comethooks.schemas.wire.fields import Text, Url
from comethooks.schemas.wire.interactive import GOAL_TYPES, element_type, goal_type
from comethooks.schemas.wire.rules import to_text

CHOICES = frozenset(("dropdown", "Select", "singleSelect", "checkbox", "radio"))
"""The elements that let their user choose."""
NEED_URL = frozenset(("apiAction", "urlNavigation", "apiCall", "openUrl", "downloadFile"))
"""The actions, of both languages, that go to an address."""
_GOALS_OF_ELEMENTS = ("anyOf", "allOf")
_MISSING = "Missing data for required field."


class SendableSchema(Schema):
    """Base of these schemas: what they do not know is let through."""

    class Meta:
        """Apps may have keys of their own."""

        unknown = INCLUDE


class _List(fields.List[Any]):
    """A list with something in it."""

    def __init__(self, schema: type[Schema]) -> None:
        super().__init__(
            fields.Nested(schema), required=True, error_messages={"invalid": "Not a list."}
        )

    def _deserialize(self, value: Any, *rest: Any, **kwargs: Any) -> Any:
        if value == []:
            raise ValidationError("Nothing is in it.")
        return super()._deserialize(value, *rest, **kwargs)


class ButtonActionSchema(SendableSchema):
    """What a button does."""

    actionType = Text(required=True)
    url = Url()
    headers = fields.Dict()
    payload = fields.Dict()

    @validates_schema(skip_on_field_errors=True)
    def has_url(self, loaded: Mapping[str, Any], **_: Any) -> None:
        """Raise `ValidationError` for an action that goes nowhere."""
        _require_url(loaded["actionType"], loaded)


class ButtonElementSchema(SendableSchema):
    """A button."""

    elementType = Text(required=True)
    elementId = Text(required=True)
    buttonText = Text(required=True)
    action = fields.Nested(ButtonActionSchema, required=True)


class OptionSchema(SendableSchema):
    """One of several values to choose from."""

    label = Text(required=True)
    value = Text(required=True)


class FormElementSchema(SendableSchema):
    """A field of a form, or a button in it."""

    elementType = Text(required=True)
    elementId = Text(required=True)

    @validates_schema(skip_on_field_errors=True)
    def has_what_its_type_needs(self, loaded: Mapping[str, Any], **_: Any) -> None:
        """Raise `ValidationError` for a choice without options, or a button without an action."""
        kind = element_type(loaded["elementType"])
        errors: Mapping[str, Any] = {}
        if kind == "button":
            errors = ButtonElementSchema().validate(loaded)
        elif kind in CHOICES:
            errors = _ChoiceSchema().validate(loaded)
        if errors:
            raise ValidationError(dict(errors))


class _ChoiceSchema(SendableSchema):
    options = _List(OptionSchema)


class FormSchema(SendableSchema):
    """A form."""

    title = Text(required=True)
    formFields = _List(FormElementSchema)
    submitElement = fields.Nested(ButtonElementSchema, required=True)


class ButtonsCardSchema(SendableSchema):
    """A card of the category `interactive`: a text, and buttons."""

    text = Text(required=True)
    cardActions = _List(ButtonElementSchema)


class SchedulerSchema(SendableSchema):
    """A scheduler."""

    scheduleElement = fields.Nested(ButtonElementSchema, required=True)


KINDS: Mapping[str, type[Schema]] = {
    "form": FormSchema,
    "card": ButtonsCardSchema,
    "scheduler": SchedulerSchema,
}
"""The kinds of interactive messages that kits draw; others are an app's own."""


class CardActionSchema(SendableSchema):
    """What an element of a card does."""

    type = Text(required=True)
    url = Url()
    headers = fields.Dict()

    @validates_schema(skip_on_field_errors=True)
    def has_url(self, loaded: Mapping[str, Any], **_: Any) -> None:
        """Raise `ValidationError` for an action that goes nowhere."""
        _require_url(loaded["type"], loaded)


class CardPartSchema(SendableSchema):
    """An element of a card, and what is in it."""

    id = Text(required=True)
    type = Text(required=True)
    action = fields.Nested(CardActionSchema)

    @validates_schema(skip_on_field_errors=False)
    def has_sound_parts(self, loaded: Mapping[str, Any], **_: Any) -> None:
        """Raise `ValidationError` for what is wrong in it; tabs have no id of their own."""
        errors = {
            key: found
            for key in CHILDREN_KEYS
            if isinstance(parts := loaded.get(key), list)
            and (found := _wrong_parts(parts, CardTabSchema if key == "tabs" else CardPartSchema))
        }
        if errors:
            raise ValidationError(errors)


class CardTabSchema(SendableSchema):
    """A tab of a card."""

    label = Text(required=True)
    content = _List(CardPartSchema)


class SentCardSchema(SendableSchema):
    """A card of the category `card`."""

    version = Text(required=True)
    fallbackText = Text(required=True)
    body = _List(CardPartSchema)


class SentGoalSchema(SendableSchema):
    """When an interaction is complete."""

    type = Text(required=True)
    elementIds = fields.List(Text(required=True))

    @validates_schema(skip_on_field_errors=True)
    def can_be_met(self, loaded: Mapping[str, Any], **_: Any) -> None:
        """Raise `ValidationError` for a type that nobody knows, and for elements that are none."""
        kind = goal_type(loaded["type"])
        if kind not in GOAL_TYPES:
            raise ValidationError(f"None of {', '.join(GOAL_TYPES)}.", "type")
        if kind in _GOALS_OF_ELEMENTS and not loaded.get("elementIds"):
            raise ValidationError(f"Nothing is in it, and so {kind} is never met.", "elementIds")


def _wrong_parts(parts: list[Any], schema: type[Schema]) -> dict[int, Any]:
    if not parts:
        return {}
    return {
        number: errors
        for number, part in enumerate(parts)
        if (errors := schema().validate(part) if isinstance(part, Mapping) else ["Not an object."])
    }


def _require_url(kind: str, action: Mapping[str, Any]) -> None:
    if kind in NEED_URL and to_text(action.get("url")) is None:
        raise ValidationError(_MISSING, "url")
