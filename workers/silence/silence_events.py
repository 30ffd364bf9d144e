"""The events that tell of a silence: `app.silent`, and `app.resumed` when it is over."""

from collections.abc import Sequence

from comethooks.schemas import OURS
from comethooks.schemas.triggers.identity import digest
from comethooks.workers.ids import derived_id
from comethooks.workers.journal import StoredSilence, iso
from comethooks.workers.record import Kind, Record
from comethooks.workers.texts import dumps

SILENT, RESUMED = "app.silent", "app.resumed"
_TRIGGERS = {SILENT: "app_silent", RESUMED: "app_resumed"}


def silent_record(silence: StoredSilence, advice: Sequence[str], *, now: int) -> Record:
    """The event that tells that an app is silent, made at `now` (ms)."""
    return _record(silence, SILENT, silence.found_at, silence.expected, advice, now)


def resumed_record(silence: StoredSilence, advice: Sequence[str], *, now: int) -> Record:
    """The event that tells that an app was heard again. Raises `ValueError` when it was not."""
    if silence.resumed_at is None:
        raise ValueError("the silence lasts")
    return _record(silence, RESUMED, silence.resumed_at, silence.resumed_expected, advice, now)


def event_id(silence: StoredSilence, name: str) -> str:
    """The id of the event of that name: the same whoever tells of a silence, and however often."""
    return derived_id(digest((name, silence.app_id, silence.last_event_at)))


def _record(
    silence: StoredSilence,
    name: str,
    at: int,
    expected: int | None,
    advice: Sequence[str],
    now: int,
) -> Record:
    trigger = _TRIGGERS[name]
    data = {
        "app": silence.app_id,
        "last_event_at": iso(silence.last_event_at),
        "expected": expected,
        "seconds": (at - silence.last_event_at) // 1000,
    }
    document = {"trigger": trigger, "appId": silence.app_id, "data": data, "advice": list(advice)}
    body = dumps(document, scrubs=True)
    return Record(
        kind=Kind.EVENT,
        id=event_id(silence, name),
        received_at=now,
        source=OURS,
        trigger=trigger,
        name=name,
        app_id=silence.app_id,
        occurred_at=at,
        # One after the other: nobody is to hear of the end first.
        key=f"silence of {silence.app_id}",
        size=len(body),
        body=body,
    )
