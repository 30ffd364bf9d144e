"""What moderation asks about a message, what it found, and why it could not judge.

A list that uses a Custom API asks us with `{"contextMessages": [{uid: text}, …, {uid: message}]}`:
what was said before, and last the message under review, whole. The body names neither trigger nor
app, so it is put into an envelope as webhooks have one, `data` being what came. CometChat's own
sample has the message under another uid than its sender's, so who wrote it is what it says itself.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import orjson
from marshmallow import ValidationError

from comethooks.schemas.wire.envelope import EnvelopeSchema, Shape, WireSchema
from comethooks.schemas.wire.fields import (
    Flag,
    Free,
    Id,
    Number,
    Object,
    Objects,
    Text,
    Time,
    Url,
    declared,
)
from comethooks.schemas.wire.messages import MessageSchema
from comethooks.schemas.wire.people import ModerationSchema, RuleSchema
from comethooks.schemas.wire.shapes import is_nested, subject_at
from comethooks.schemas.wire.wire_field import Declared, DeclaredById, WireField

REQUESTED_TRIGGER = "moderation_requested"
"""Our name for a question: CometChat gives it none."""
MOST_MESSAGES = 50
"""In one question. CometChat sends up to ten, and the one under review."""


def reviewed_in(value: Any) -> dict[str, Any] | None:
    """The message under review: what is an object in the last of `contextMessages`."""
    if type(value) is not list or not 0 < len(value) <= MOST_MESSAGES:
        return None
    last = value[-1]
    found = last.values() if type(last) is dict else ()
    return next((item for item in found if item and type(item) is dict), None)


class _TextOrMessage(WireField):
    """What somebody wrote: its text or, of the message under review, all of it."""

    types = (str, dict)

    def below(self, value: Any) -> Declared | None:
        """The fields of the message; a text has none."""
        return declared(MessageSchema) if isinstance(value, dict) else None

    def all_below(self) -> Sequence[Declared]:
        """The same."""
        return (declared(MessageSchema),)

    def hides(self, value: Any) -> bool:
        """A text is personal; what is of a message, the message's fields say."""
        return type(value) is not dict


class _Reviewed(Object):
    """Messages of a conversation, of which the one under review is loaded."""

    rule = staticmethod(reviewed_in)
    types = (list,)
    default_error_messages = {"invalid": "Not a list of messages, each as {{uid: text}}."}

    def expects(self, value: Any) -> bool:
        """A list."""
        return type(value) is list

    @cached_property
    def declared(self) -> Declared | None:
        """One field for every uid."""
        return DeclaredById(_TextOrMessage())

    def _refusal(self, value: Any) -> Exception:
        if type(value) is not list:
            return super()._refusal(value)
        if not value:
            return ValidationError("An empty list: the last entry is the message under review.")
        if len(value) > MOST_MESSAGES:
            return ValidationError(f"More than {MOST_MESSAGES} messages.")
        problem = "Not {uid: message}: the last entry is the message under review, as an object."
        return ValidationError({len(value) - 1: [problem]})


class _QuestionSchema(WireSchema):
    contextMessages = _Reviewed(MessageSchema)


class RequestedEventSchema(EnvelopeSchema):
    """A question of a Custom API list, in our envelope; `rule` is what its URL calls it."""

    data = Object(_QuestionSchema, required=True)
    rule = Text()


class _JudgedSchema(WireSchema):
    message = Object(MessageSchema)
    moderation = Objects(ModerationSchema)
    reviewed = Flag()


class JudgedEventSchema(EnvelopeSchema):
    """The body of an approval or a block, by the engine or by a person."""

    data = Object(_JudgedSchema, required=True)


class _RequestSchema(WireSchema):
    url = Url()
    method = Text()
    bodyBytes = Number()
    basicAuthSent = Flag()


class _ContextSchema(WireSchema):
    engine = Text()
    setting = Text()
    providerErrorCode = Id()
    openaiRequestId = Id()
    rule = Object(RuleSchema)
    condition = Free(personal=False)
    request = Object(_RequestSchema)


class FailureSchema(WireSchema):
    """Why one check did not come to a result."""

    category = Text()
    httpStatus = Number()
    errorMessage = Text()
    responseBody = Text(personal=True)
    responseBodyTruncated = Flag()
    validationErrors = Free()
    timeoutMs = Number()
    failedAt = Time()
    context = Object(_ContextSchema)


class _FailedSchema(WireSchema):
    resource = Object(MessageSchema)
    contentType = Text()
    outcome = Text()
    completedAt = Time()
    failures = Objects(FailureSchema)


class FailedEventSchema(EnvelopeSchema):
    """The body of moderation_engine_failed: of the message its ids only."""

    data = Object(_FailedSchema, required=True)


JUDGED = Shape("judged", JudgedEventSchema, is_nested, subject_at("data.message"))
FAILED = Shape(
    "failed",
    FailedEventSchema,
    lambda data: "resource" in data,
    {**subject_at("data.resource"), "at": "data.completedAt"},
)
_REVIEWED = "data.contextMessages"
REQUESTED = Shape(
    "requested",
    RequestedEventSchema,
    lambda data: "contextMessages" in data,
    {
        **subject_at(_REVIEWED),
        "id": f"{_REVIEWED}.id",
        "text": f"{_REVIEWED}.data.text|{_REVIEWED}.text",
        "caption": f"{_REVIEWED}.data.caption|{_REVIEWED}.caption",
        "url": f"{_REVIEWED}.data.url|{_REVIEWED}.url",
        "rule": "rule",
    },
)


def enveloped(question: bytes, app_id: str | None, rule: str | None) -> bytes:
    """The body that stands for a question, which names neither its app nor its rule itself.

    `question` is one JSON object in UTF-8; it stands in the body as it came.
    """
    named = {"trigger": REQUESTED_TRIGGER, "appId": app_id, "rule": rule}
    known = orjson.dumps({key: value for key, value in named.items() if value is not None})
    return b"".join((known[:-1], b',"data":', question, b"}"))
