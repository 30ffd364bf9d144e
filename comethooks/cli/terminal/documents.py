"""Events, requests and runs as JSON that may be shown: what strangers wrote without its secrets."""

from collections.abc import Sequence
from typing import Any

from comethooks import schemas
from comethooks.cli.terminal.texts import payload
from comethooks.schemas import COMETCHAT
from comethooks.schemas.drift import drift_in
from comethooks.schemas.event.interactions import PROVED
from comethooks.workers.journal import Attempt, StoredEvent, StoredRequest, StoredRun, iso
from comethooks.workers.texts import without_secrets


def event_document(event: StoredEvent) -> dict[str, Any]:
    """An event in a listing."""
    runs = [{**run.summary(), "error": _text(run.error)} for run in event.runs]
    document = event.as_json()
    votes = [
        {**vote, "error": _text(vote["error"]), "reason": _text(vote["reason"])}
        for vote in document["votes"]
    ]
    return {**document, "votes": votes, "misfit": list(event.misfit), "runs": runs}


def event_details(event: StoredEvent) -> dict[str, Any]:
    """An event by itself: what a listing has of it, and everything else."""
    return {
        **event_document(event),
        "runs": [_run_details(run) for run in event.runs],
        "duplicates": event.duplicates.as_json(),
        "headers": schemas.masked(event.headers),
        "partition": event.partition,
        "spooled": event.spooled,
        "size": event.size,
        "drift": [{"kind": found.kind.value, "path": found.path} for found in drift_of(event)],
        "payload": None if event.body is None else payload(event.body),
    }


def drift_of(event: StoredEvent) -> tuple[schemas.Drift, ...]:
    """The drift in the body of an event, as this version sees it; what was counted then may differ.
    What made the event a misfit comes first, as it was seen then.

    There is none without a body, in what came from another source than CometChat, or from the
    device of an end user.
    """
    if event.source != COMETCHAT or event.body is None or f"{PROVED}app" in event.headers:
        return ()
    try:
        body = schemas.decode(event.body)
    except schemas.NotJsonError:
        return ()
    entry = schemas.entry_for(schemas.trigger_of(body))
    misfit = (schemas.Drift(schemas.DriftKind.MISFIT, path) for path in event.misfit)
    return (*misfit, *drift_in(body, entry, entry.form_of(body)))


def request_document(request: StoredRequest) -> dict[str, Any]:
    """A request in a listing."""
    return {**request.as_json(), "headers": schemas.masked(request.headers)}


def request_details(request: StoredRequest) -> dict[str, Any]:
    """A request by itself; its payload is null when its body was not kept."""
    return {
        **request_document(request),
        "spooled": request.spooled,
        "payload": None if request.body is None else payload(request.body),
    }


def run_document(run: StoredRun) -> dict[str, Any]:
    """A run in a listing."""
    return {**run.as_json(), "error": _text(run.error)}


def run_details(run: StoredRun) -> dict[str, Any]:
    """A run by itself, with its attempts; effects and traceback of the last one that ended."""
    return {
        **run_document(run),
        "effects": _lines(run.effects),
        "traceback": _text(run.traceback),
        "attempts_made": [_attempt(attempt) for attempt in run.attempts_made],
    }


def _attempt(attempt: Attempt) -> dict[str, Any]:
    return {
        "number": attempt.number,
        "state": attempt.state.value,
        "started_at": None if attempt.started_at is None else iso(attempt.started_at),
        "finished_at": None if attempt.finished_at is None else iso(attempt.finished_at),
        "error": _text(attempt.error),
        "effects": _lines(attempt.effects),
    }


def _run_details(run: StoredRun) -> dict[str, Any]:
    return {name: value for name, value in run_details(run).items() if name != "event_id"}


def _lines(lines: Sequence[str]) -> list[str]:
    return [without_secrets(line) for line in lines]


def _text(text: str | None) -> str | None:
    return None if text is None else without_secrets(text)
