"""What moderation found: the message with its new status, or why it could not judge."""

from comethooks.schemas.wire.envelope import EnvelopeSchema, Shape, WireSchema
from comethooks.schemas.wire.fields import Flag, Free, Number, Object, Objects, Text, Time, Url
from comethooks.schemas.wire.messages import MessageSchema
from comethooks.schemas.wire.people import ModerationSchema, RuleSchema
from comethooks.schemas.wire.shapes import is_nested, subject_at


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
