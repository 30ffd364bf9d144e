"""Sessions of calls and meetings: who was in one and when, and what it left behind.

Bodies about sessions are flat, have underscores in their keys, and name people without their uids.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from comethooks.samples.messages import Make
from comethooks.samples.people import Person
from comethooks.samples.scene import Json, Scene

_RECORDINGS = "https://recordings-eu.cometchat.io"


@dataclass(frozen=True, slots=True)
class Session:
    """A session; `kind` is `audio` or `video`, `since` in seconds since the epoch."""

    id: str
    kind: str
    since: int


def of_new_session(about: Callable[[Scene, Session], Json], kind: str = "video") -> Make:
    """Of a session that nothing else is about, and that has gone on for a while."""
    return lambda scene: about(scene, Session(scene.token(), kind, scene.moments_ago()))


def started(scene: Scene, session: Session) -> Json:
    """The session begins now."""
    return {"created_at": scene.seconds, "sessionId": session.id}


def joined(scene: Scene, session: Session) -> Json:
    """The sender comes in."""
    return {"occupant": _occupant(session, scene.sender, scene.seconds), "sessionId": session.id}


def left(scene: Scene, session: Session, since: int | None = None) -> Json:
    """The sender goes, after having been there since then, by default from the beginning."""
    came = session.since if since is None else since
    occupant = _occupant(session, scene.sender, came, left_at=scene.seconds)
    return {"occupant": occupant, "sessionId": session.id}


def ended(
    scene: Scene, session: Session, stays: Mapping[Person, tuple[int, int]] | None = None
) -> Json:
    """The session is over; `stays` has when each came and went, by default the sender all the
    time.
    """
    stays = {scene.sender: (session.since, scene.seconds)} if stays is None else stays
    return {
        "all_occupants": [
            _occupant(session, person, came, left_at=went) for person, (came, went) in stays.items()
        ],
        "destroyed_at": scene.seconds,
        "created_at": session.since,
        "sessionId": session.id,
    }


def recording(scene: Scene, session: Session) -> Json:
    """The recording of the session, whose times are texts."""
    return {
        "recordingDate": _day(session.since),
        "duration": f"{scene.seconds - session.since}.{scene.random.randrange(10**6):06}",
        "startTime": str(session.since),
        "sessionId": session.id,
        "recording_url": _url(scene, session, "mp4"),
    }


def transcription(scene: Scene, session: Session) -> Json:
    """What was said in the session."""
    return {
        "sessionId": session.id,
        "tid": scene.token(),
        "transcriptDate": _day(session.since),
        "transcript_url": _url(scene, session, "txt"),
        "startTime": session.since,
        "endTime": scene.seconds,
    }


def _occupant(session: Session, person: Person, since: int, **more: Any) -> Json:
    only_heard = "true" if session.kind == "audio" else "false"
    return {"joined_at": since, "audio_call": only_heard, **more, "name": person.name}


def _url(scene: Scene, session: Session, extension: str) -> str:
    return f"{_RECORDINGS}/{scene.app_id}/{session.id}.{extension}?signature={scene.token()}"


def _day(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()
