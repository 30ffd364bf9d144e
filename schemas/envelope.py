"""The envelope that every webhook body is, and the base of all schemas of the wire."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validates_schema

from schemas.fields import Id, Object, Party, Text


class WireSchema(Schema):
    """A schema whose fields are named as on the wire, and which are required says the constructor.

    `required` are dotted paths from this object downwards. What no field is declared for is accepted and
    not loaded: the event keeps the whole body anyway.

    Raises `ValueError` for a path that no field is declared for.
    """

    class Meta:
        """Unknown keys are CometChat's next release, and no reason to refuse."""

        unknown = EXCLUDE

    def __init__(self, required: Iterable[str] = ()) -> None:
        self._required = _by_first_key(required)
        super().__init__()
        if undeclared := self._required.keys() - self.fields.keys():
            raise ValueError(
                f"{type(self).__name__} requires {sorted(undeclared)}, which it does not declare"
            )

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        """Take from the constructor's paths whether the field is required, and what below it is."""
        below = self._required.get(field_name)
        field_obj.required = field_obj.required or below is not None
        if isinstance(field_obj, Object):
            field_obj.require(below or ())


class EnvelopeSchema(WireSchema):
    """What is common to all bodies, and enough to accept an unknown trigger.

    A required path may be a choice, `"data.status|data.currentConnection.action"`: one of them has to be
    there, and when none is, the error stands at the first.
    """

    trigger = Text(required=True)
    data = Object(required=True)
    appId = Id()
    webhook = Text()
    bot = Party()
    """Callbacks to a bot have this in the place of `webhook`."""

    def __init__(self, required: Iterable[str] = ()) -> None:
        choices = [path.split("|") for path in required]
        self._choices = [choice for choice in choices if len(choice) > 1]
        super().__init__(choice[0] for choice in choices if len(choice) == 1)

    @validates_schema(skip_on_field_errors=False)
    def has_one_of_each_choice(self, loaded: Mapping[str, Any], **kwargs: Any) -> None:
        """Raise `ValidationError` for every choice of which nothing usable is in the body."""
        errors = {
            choice[0]: [f"Missing or not valid: {' or '.join(choice)}."]
            for choice in self._choices
            if all(_at(loaded, path) is None for path in choice)
        }
        if errors:
            raise ValidationError(errors)


class Family(StrEnum):
    """The kinds of event that have a schema of their own."""

    MESSAGE = "message"
    RECEIPT = "receipt"
    PRESENCE = "presence"


@dataclass(frozen=True, slots=True)
class Shape:
    """One way in which CometChat writes events of a family.

    `fits` tells from the body's `data` whether it is written so; `subject` takes from the loaded `data` what
    the event is about, under the same names for all shapes of the family.
    """

    name: str
    family: Family | None
    schema: type[EnvelopeSchema]
    fits: Callable[[Mapping[str, Any]], bool]
    subject: Callable[[dict[str, Any]], dict[str, Any]]


def data_of(body: Mapping[str, Any]) -> dict[str, Any]:
    """The `data` of a body; empty when there is none."""
    data = body.get("data")
    return data if isinstance(data, dict) else {}


def _by_first_key(paths: Iterable[str]) -> dict[str, list[str]]:
    """`["a", "b.c", "b.d"]` as `{"a": [], "b": ["c", "d"]}`."""
    below: dict[str, list[str]] = {}
    for path in paths:
        first, _, rest = path.partition(".")
        below.setdefault(first, []).extend([rest] if rest else [])
    return below


def _at(loaded: Any, path: str) -> Any:
    for key in path.split("."):
        loaded = loaded.get(key) if isinstance(loaded, dict) else None
    return loaded
