"""Calls and meetings.

Ringing is told like a message of category `call` in `data.call`; what happens in a session is told
flat, in snake_case. When a call is rejected the sender and receiver at the top are swapped, and the
stable pair is in `entities.on.entity` (seen live). Examples of CometChat's tell ringing flat, too.
"""

from comethooks.schemas.wire.envelope import EnvelopeSchema, Shape, WireSchema
from comethooks.schemas.wire.fields import (
    Flag,
    Id,
    Number,
    Object,
    Objects,
    Party,
    ReceiverType,
    Text,
    Time,
    Url,
)
from comethooks.schemas.wire.messages import (
    CallEntitySchema,
    EntitiesSchema,
    MessageDataSchema,
    MessageSchema,
)
from comethooks.schemas.wire.people import GroupSchema, MemberSchema, UserSchema


class _WrappedCallSchema(WireSchema):
    entity = Object(CallEntitySchema)
    entityType = Text()


class _CallEntitiesSchema(EntitiesSchema):
    on = Object(_WrappedCallSchema)


class _CallDataSchema(MessageDataSchema):
    entities = Object(_CallEntitiesSchema)
    on = Object(_WrappedCallSchema)


class CallSchema(MessageSchema):
    """A message of category `call`."""

    data = Object(_CallDataSchema)


class _RingingSchema(WireSchema):
    call = Object(CallSchema)


class RingingEventSchema(EnvelopeSchema):
    """The body of an event before a call is taken, or instead of that."""

    data = Object(_RingingSchema, required=True)


class _CalledSchema(MemberSchema, GroupSchema):
    """A user or a group; which, its keys tell."""


class _FlatRingingSchema(WireSchema):
    id = Id()
    sessionId = Id()
    initiator = Party(UserSchema)
    receiver = Object(_CalledSchema)
    receiverType = ReceiverType()
    conversationId = Text()
    type = Text()
    status = Text()
    mode = Text()
    initiatedAt = Time()
    sentAt = Time()
    updatedAt = Time()
    endedAt = Time()


class FlatRingingEventSchema(EnvelopeSchema):
    """The body of such an event in the examples that come with CometChat's SDKs."""

    data = Object(_FlatRingingSchema, required=True)


class OccupantSchema(WireSchema):
    """Somebody in a call: often a name only."""

    uid = Id()
    name = Text(personal=True)
    audio_call = Flag()
    joined_at = Time()
    left_at = Time()


class _SessionSchema(WireSchema):
    sessionId = Id()
    created_at = Time()
    destroyed_at = Time()
    occupant = Object(OccupantSchema)
    all_occupants = Objects(OccupantSchema)


class SessionEventSchema(EnvelopeSchema):
    """The body of an event in the session of a call or meeting."""

    data = Object(_SessionSchema, required=True)


class _RecordingSchema(WireSchema):
    sessionId = Id()
    duration = Number()
    startTime = Time()
    endTime = Time()
    recordingDate = Text()
    recording_url = Url(personal=True)
    tid = Text()
    transcriptDate = Text()
    transcript_url = Url(personal=True)


class RecordingEventSchema(EnvelopeSchema):
    """The body of recording_generated and transcription_generated."""

    data = Object(_RecordingSchema, required=True)


_CALL, _ENTITY = "data.call", "data.call.data.entities.on.entity"
SESSION_IN_CALL = (
    f"{_ENTITY}.sessionid|{_ENTITY}.sessionId|{_CALL}.data.on.entity.sessionid|{_CALL}.sessionId"
)

RINGING = Shape(
    "call",
    RingingEventSchema,
    lambda data: "call" in data,
    {
        **{
            name: f"{_CALL}.{name}"
            for name in (
                "sender",
                "receiver",
                "receiverType",
                "conversationId",
                "category",
                "type",
            )
        },
        "session": SESSION_IN_CALL,
        "sentAt": f"{_CALL}.sentAt",
        "at": f"{_CALL}.updatedAt|{_CALL}.sentAt",
    },
)
_FLAT_MARKS = frozenset(("sessionId", "initiator", "receiver"))
FLAT_RINGING = Shape(
    "flat",
    FlatRingingEventSchema,
    lambda data: "call" not in data and not _FLAT_MARKS.isdisjoint(data),
    {
        "sender": "data.initiator",
        "guid": "data.receiver.guid",
        "user": "data.receiver.uid",
        "conversationId": "data.conversationId",
        "session": "data.sessionId",
        "sentAt": "data.initiatedAt|data.sentAt",
        "at": "data.updatedAt|data.sentAt",
    },
)


def _session(name: str, at: str) -> Shape:
    return Shape(
        name,
        SessionEventSchema,
        lambda data: "sessionId" in data,
        {"session": "data.sessionId", "at": at},
    )


STARTED = _session("started", "data.created_at")
ENDED = _session("ended", "data.destroyed_at")
JOINED = _session("joined", "data.occupant.joined_at")
LEFT = _session("left", "data.occupant.left_at")

RECORDING = Shape(
    "recording",
    RecordingEventSchema,
    lambda data: "sessionId" in data,
    {"session": "data.sessionId", "at": "data.endTime|data.startTime"},
)
