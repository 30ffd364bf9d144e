"""The envelope that every webhook body is, and the base of all schemas of the wire."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validates_schema

from comethooks.schemas.wire.fields import (
    Answers,
    Free,
    Id,
    Number,
    Object,
    Party,
    ReceiverType,
    Text,
    Time,
)


class WireSchema(Schema):
    """A schema whose fields are named as on the wire, of which only some are loaded.

    `required` are dotted paths from this object downwards; `wanted` are those that are loaded too
    when they are there. Everything else that is declared is known, so it is no drift, and costs
    nothing: the event keeps the whole body anyway. Without any path, every field is loaded.

    Raises `ValueError` for a path that no field is declared for.
    """

    class Meta:
        """Unknown keys are CometChat's next release, and no reason to refuse."""

        unknown = EXCLUDE

    def __init__(self, required: Iterable[str] = (), wanted: Iterable[str] = ()) -> None:
        self._required = _by_first_key(required)
        self._wanted = _by_first_key(wanted)
        loaded = self._required.keys() | self._wanted.keys()
        declared = {field.data_key or name: name for name, field in self._declared_fields.items()}
        if undeclared := loaded - declared.keys():
            raise ValueError(
                f"{type(self).__name__} is asked for {sorted(undeclared)}, which it does not"
                " declare"
            )
        # Only what is asked for, because every request pays for each field that is loaded.
        super().__init__(only=[name for key, name in declared.items() if key in loaded] or None)

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        """Apply the constructor's paths: is the field required, and what is loaded below it."""
        key = field_obj.data_key or field_name
        below = self._required.get(key)
        field_obj.required = field_obj.required or below is not None
        if isinstance(field_obj, Object) and (below or self._wanted.get(key)):
            field_obj.narrow(below or (), self._wanted.get(key, ()))


class OriginSchema(WireSchema):
    """Where a legacy event came from."""

    platform = Text()
    language = Text()
    resource = Text()


class EnvelopeSchema(WireSchema):
    """What is common to all bodies, and enough to accept an unknown trigger.

    A required path may be a choice, `"data.status|data.currentConnection.action"`: one of them has
    to be there, and when none is, the error stands at the first. CometChat's documentation prints
    keys that may be absent with a "?" at their end; real bodies do not have it.
    """

    ALWAYS: tuple[str, ...] = ("trigger", "data", "appId", "webhook", "bot")
    """What is loaded of every body."""

    trigger = Text(required=True)
    data = Object(required=True)
    appId = Id()
    webhook = Text()
    bot = Party()
    """Callbacks to a bot have this instead of `webhook`."""
    region = Text()
    region_ = Text(data_key="region?")
    type = Text()
    origin = Object(OriginSchema)
    chatAPIVersion = Id()
    chatAPIVersion_ = Id(data_key="chatAPIVersion?")

    def __init__(self, required: Iterable[str] = (), wanted: Iterable[str] = ()) -> None:
        choices = [path.split("|") for path in required]
        self._choices = [choice for choice in choices if len(choice) > 1]
        either = [path for choice in self._choices for path in choice]
        super().__init__(
            [choice[0] for choice in choices if len(choice) == 1], [*self.ALWAYS, *wanted, *either]
        )

    # Also when a field is wrong, so that whoever sent the body learns of all errors at once.
    @validates_schema(skip_on_field_errors=False)
    def has_one_of_each_choice(self, loaded: Mapping[str, Any], **kwargs: Any) -> None:
        """Raise `ValidationError` for every choice of which nothing usable is in the body."""
        errors = {
            choice[0]: [f"Missing or not valid: {' or '.join(choice)}."]
            for choice in self._choices
            if all(at(loaded, path.split(".")) is None for path in choice)
        }
        if errors:
            raise ValidationError(errors)


class OpenEnvelopeSchema(EnvelopeSchema):
    """A body that says of itself nothing but its trigger: CometChat's next one may have its fields
    elsewhere than in `data`.
    """

    data = Object()


class SlotSchema(WireSchema):
    """What was chosen of a scheduler; `duration` is in minutes."""

    duration = Number()
    meetStartAt = Time()


class PressSchema(WireSchema):
    """Who pressed what. Android has the name of the `sender`, and React Native the two of a
    scheduler the other way round.
    """

    conversationId = Id()
    sender = Party(personal=True)
    receiver = Party(personal=True)
    receiverType = ReceiverType()
    messageCategory = Text()
    messageType = Text()
    messageId = Id()
    interactionTimezoneCode = Text()
    interactedBy = Party()
    interactedElementId = Id()
    interactedAt = Time()
    formData = Answers()
    schedulerData = Object(SlotSchema)


class CallbackSchema(OpenEnvelopeSchema):
    """What a client posts when a user presses a button; its `appID` has a capital D.

    Some of the UI Kits have no `data`: older ones say nothing of the button, others put it
    elsewhere.
    """

    ALWAYS = (*EnvelopeSchema.ALWAYS, "appID")

    appID = Id()
    data = Object(PressSchema)
    payload = Free()
    cometchatSenderUid = Party()
    CometChatData = Answers()


@dataclass(frozen=True)
class Shape:
    """One way in which CometChat writes events of a family.

    `fits` tells from the body's `data` whether it is written so. `subject` says where in the body
    is what the event is about: name, to one or several dotted paths with `|` between them; the
    first that says something counts.
    """

    name: str
    schema: type[EnvelopeSchema]
    fits: Callable[[Mapping[str, Any]], bool]
    subject: Mapping[str, str]

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """Every path that the subject is taken from."""
        return tuple(path for paths in self.subject.values() for path in paths.split("|"))

    @cached_property
    def _steps(self) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
        """For each name the places to look at, as the path of an object and a key in it."""
        return tuple(
            (
                name,
                tuple(
                    (path.rpartition(".")[0], path.rpartition(".")[2]) for path in paths.split("|")
                ),
            )
            for name, paths in self.subject.items()
        )

    @cached_property
    def _holders(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """The paths of the few objects that something is looked for in, and their steps."""
        holders = dict.fromkeys(holder for _, places in self._steps for holder, _ in places)
        return tuple((holder, tuple(holder.split(".") if holder else ())) for holder in holders)

    def subject_of(self, loaded: Mapping[str, Any]) -> dict[str, Any]:
        """What a loaded body is about; a name is None when the body does not say."""
        holders = {holder: at(loaded, steps) or {} for holder, steps in self._holders}
        subject = {}
        for name, places in self._steps:
            for holder, key in places:
                if (value := holders[holder].get(key)) is not None:
                    break
            subject[name] = value
        return subject


def data_of(body: Mapping[str, Any]) -> dict[str, Any]:
    """The `data` of a body; empty when there is none."""
    data = body.get("data")
    return data if isinstance(data, dict) else {}


def at(loaded: Any, steps: Iterable[str]) -> Any:
    """What is at a path in nested dicts; None when there is none."""
    for key in steps:
        loaded = loaded.get(key) if isinstance(loaded, dict) else None
    return loaded


def _by_first_key(paths: Iterable[str]) -> dict[str, list[str]]:
    """`["a", "b.c", "b.d"]` as `{"a": [], "b": ["c", "d"]}`."""
    below: dict[str, list[str]] = {}
    for path in paths:
        first, _, rest = path.partition(".")
        below.setdefault(first, []).extend([rest] if rest else [])
    return below
