"""Calls and meetings, and what is left of them, the same for every shape. Times are UTC."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from comethooks.schemas.event.messages import Action
from comethooks.schemas.event.people import Group, User, party_of, user_of
from comethooks.schemas.event.views import (
    View,
    entity_in,
    flag,
    identifier,
    lazy,
    moment,
    number,
    object_in,
    objects_in,
    text,
    time,
)
from comethooks.schemas.wire.rules import to_id, to_receiver_type, to_text


class Participant(View):
    """Somebody in a call. CometChat's documentation shows a name and no uid."""

    _shown: ClassVar[tuple[str, ...]] = ("uid",)

    uid = identifier("uid")
    name = text("name")
    audio_only = flag("audio_call")
    joined_at = time("joined_at")
    left_at = time("left_at")


class Call(View):
    """A call or meeting: one that rings, told like a message, or what happens in its session."""

    _shown: ClassVar[tuple[str, ...]] = ("session_id", "status")

    def __init__(self, wire: Mapping[str, Any], status: str, kind: str | None) -> None:
        """`wire` is the call's message or a flat `data`; the event says `status` and `kind`."""
        super().__init__(wire)
        self.__dict__.update(_told=status, _kind=kind)

    _told: str
    _kind: str | None

    @lazy
    def session_id(self: "Call") -> str | None:
        """The id of the session; None when the body does not say."""
        found = (
            self._entity.get("sessionid"),
            self._entity.get("sessionId"),
            self._wire.get("sessionId"),
        )
        return next((session for value in found if (session := to_id(value))), None)

    @lazy
    def status(self: "Call") -> str:
        """`initiated`, `ongoing`, `unanswered`, `rejected`, `busy`, `cancelled` or `ended`."""
        action = object_in(self._wire.get("data")).get("action")
        found = (action, self._entity.get("status"), self._wire.get("status"))
        return next((status for value in found if (status := to_text(value))), self._told)

    @lazy
    def type(self: "Call") -> str | None:
        """`audio` or `video`; `call` or `meet` for what happens in a session."""
        return to_text(self._entity.get("type")) or to_text(self._wire.get("type")) or self._kind

    @lazy
    def initiator(self: "Call") -> User | None:
        """Who calls. The sender at the top of a rejected call is who rejected it (seen live)."""
        wire = self._stable
        known = wire.get("sender") or self._wire.get("callInitiator") or wire.get("initiator")
        user = user_of(known, self._party("sender", "by"))
        return user if user.uid else None

    @lazy
    def receiver(self: "Call") -> User | Group | None:
        """Who is called."""
        wire = self._stable
        known = wire.get("receiver") or self._wire.get("callReceiver")
        kind = to_receiver_type(wire.get("receiverType"))
        found = party_of(kind, known, self._party("receiver", "for"))
        return found if (found.guid if isinstance(found, Group) else found.uid) else None

    @lazy
    def initiated_at(self: "Call") -> datetime | None:
        """When it began to ring or, told of a session, when that was opened."""
        told = (
            self._entity.get("initiatedAt"),
            self._wire.get("initiatedAt"),
            self._wire.get("created_at"),
        )
        found = next((at for value in told if (at := moment(value)) is not None), None)
        return found or (moment(self._wire.get("sentAt")) if self.status == "initiated" else None)

    @lazy
    def ended_at(self: "Call") -> datetime | None:
        """When the session was closed."""
        return moment(self._wire.get("destroyed_at")) or moment(self._entity.get("endedAt"))

    @lazy
    def participants(self: "Call") -> tuple[Participant, ...]:
        """Who joined or left, or at the end everybody who was there."""
        listed = objects_in(self._wire.get("all_occupants"))
        one = self._wire.get("occupant")
        return tuple(
            Participant(item) for item in listed or ([one] if isinstance(one, dict) else [])
        )

    @lazy
    def action(self: "Call") -> Action | None:
        """Who did what in a call that rings; None for what happens in a session."""
        return Action(self._wire) if "data" in self._wire else None

    @lazy
    def _entity(self: "Call") -> dict[str, Any]:
        return entity_in(object_in(self._wire.get("data")), "on")

    @lazy
    def _stable(self: "Call") -> Mapping[str, Any]:
        return self._entity if self._entity.get("sender") else self._wire

    def _party(self, stable_key: str, key: str) -> dict[str, Any]:
        data = object_in(self._wire.get("data"))
        return entity_in(object_in(self._entity.get("data")), stable_key) or entity_in(
            data, key, stable_key
        )


class Recording(View):
    """A recording or a transcript of a session."""

    _shown: ClassVar[tuple[str, ...]] = ("kind", "session_id")

    def __init__(self, wire: Mapping[str, Any], kind: str) -> None:
        """`wire` is the `data` of a body, `kind` `recording` or `transcription`."""
        super().__init__(wire)
        self.__dict__["kind"] = kind

    kind: str
    """`recording` or `transcription`."""
    session_id = identifier("sessionId")
    id = identifier("tid")
    url = text("recording_url", "transcript_url")
    """Where to get it; it may be valid for a limited time only."""
    date = text("recordingDate", "transcriptDate")
    started_at = time("startTime")
    ended_at = time("endTime")
    duration = number("duration")
    """Seconds."""


STATUS_TOLD = {
    **{
        f"call_{status}": status
        for status in ("initiated", "unanswered", "cancelled", "rejected", "busy")
    },
    **{
        f"{kind}_{happening}": "ongoing"
        for kind in ("call", "meeting")
        for happening in ("started", "participant_joined", "participant_left")
    },
    **dict.fromkeys(("call_ended", "meeting_ended"), "ended"),
}
"""By trigger: the status of the call where the body does not say it."""
