"""Calls and meetings.

Ringing is told like a message of category `call` in `data.call`; what happens in a session is told
flat, in snake_case. When a call is rejected the sender and receiver at the top are swapped, and the
stable pair is in `entities.on.entity` (seen live).
"""

from comethooks.schemas.wire.envelope import EnvelopeSchema, Shape, WireSchema
from comethooks.schemas.wire.fields import Flag, Number, Object, Objects, Text, Time, Url
from comethooks.schemas.wire.messages import (
    CallEntitySchema,
    EntitiesSchema,
    MessageDataSchema,
    MessageSchema,
)


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


class OccupantSchema(WireSchema):
    """Somebody in a call: often a name only."""

    uid = Text()
    name = Text(personal=True)
    audio_call = Flag()
    joined_at = Time()
    left_at = Time()


class _SessionSchema(WireSchema):
    sessionId = Text()
    created_at = Time()
    destroyed_at = Time()
    occupant = Object(OccupantSchema)
    all_occupants = Objects(OccupantSchema)


class SessionEventSchema(EnvelopeSchema):
    """The body of an event in the session of a call or meeting."""

    data = Object(_SessionSchema, required=True)


class _RecordingSchema(WireSchema):
    sessionId = Text()
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
            for name in ("id", "sender", "receiver", "receiverType", "conversationId", "status")
        },
        "session": SESSION_IN_CALL,
        "action": f"{_CALL}.data.action|{_CALL}.action",
        "at": f"{_CALL}.updatedAt|{_CALL}.sentAt",
    },
)


def _session(name: str, at: str) -> Shape:
    return Shape(
        name,
        SessionEventSchema,
        lambda data: "sessionId" in data,
        {
            "session": "data.sessionId",
            "who": "data.occupant.uid|data.occupant.name",
            "joined": "data.occupant.joined_at",
            "at": at,
        },
    )


STARTED = _session("started", "data.created_at")
ENDED = _session("ended", "data.destroyed_at")
JOINED = _session("joined", "data.occupant.joined_at")
LEFT = _session("left", "data.occupant.left_at")

RECORDING = Shape(
    "recording",
    RecordingEventSchema,
    lambda data: "sessionId" in data,
    {
        "session": "data.sessionId",
        "id": "data.tid|data.duration",
        "at": "data.endTime|data.startTime",
    },
)
