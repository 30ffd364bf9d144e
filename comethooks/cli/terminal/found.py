"""What commands look for by an id: an event, a request, runs; and what is known of each."""

from collections.abc import Iterator, Mapping

import click

from comethooks.cli.terminal.moments import precise
from comethooks.cli.terminal.output import Cell, styled
from comethooks.cli.terminal.stores import Stores
from comethooks.schemas import masked
from comethooks.workers.journal import Outcome, StoredEvent, StoredRequest, StoredRun
from comethooks.workers.states import EventStatus
from comethooks.workers.texts import number_of

SPOOLED = "waits in the spool of this host, until Redis takes it"


def find_event(stores: Stores, identifier: str) -> StoredEvent:
    """The event whose id is or begins so; without one the command ends and says where it looked."""
    event = stores.kept.event(identifier)
    if event is not None:
        return event
    request = stores.kept.request(identifier)
    if request is not None:
        became = f"repeats the event {request.event_id}" if request.event_id else "became no event"
        raise click.ClickException(
            f"{request.id} is a request that {became}; see it with: comethooks requests show"
            f" {request.id}"
        )
    raise click.ClickException(
        f"no event has an id that begins with {identifier}; {stores.looked_at()}"
    )


def why_no_run(event: StoredEvent, otherwise: str) -> str:
    """Why there is no run on an event; `otherwise` when workers have processed it."""
    if event.spooled:
        return f"the event {SPOOLED}"
    if event.status is EventStatus.QUEUED:
        return "the event waits for a worker, or a worker has it in hand"
    if event.partition is None:
        return "the event was imported, and no handler was given it"
    return otherwise


def find_request(stores: Stores, identifier: str) -> StoredRequest:
    """The request whose id is or begins so; without one the command ends as above."""
    request = stores.kept.request(identifier)
    if request is None:
        raise click.ClickException(
            f"no request has an id that begins with {identifier}; {stores.looked_at()}"
        )
    return request


def find_runs(
    stores: Stores, identifier: str, handler: str | None
) -> tuple[StoredEvent, tuple[StoredRun, ...]]:
    """The event whose id is or begins so, and its runs, or only those of `handler`.

    The command ends if there is no event, or no run of that handler.
    """
    event = find_event(stores, identifier)
    found = tuple(run for run in event.runs if handler in (None, run.handler))
    if handler is not None and not found:
        others = ", ".join(sorted({run.handler for run in event.runs})) or "none"
        raise click.ClickException(
            f"{handler} has no run on the event {event.id}; handlers with runs: {others}"
        )
    return event, found


def event_facts(event: StoredEvent) -> Iterator[tuple[str, Cell | None]]:
    """What is known of an event, but for its runs and its body."""
    repeats = event.duplicates
    yield "status", styled(event.status.value)
    yield from _spooled(event)
    yield "trigger", event.trigger
    yield "name", event.name
    yield "source", event.source
    yield "app", event.app_id
    yield "conversation", event.conversation_id
    yield "sender", event.sender
    yield "decision", None if event.decision is None else styled(event.decision)
    yield "occurred", precise(event.occurred_at)
    yield "received", precise(event.received_at)
    if repeats.count:
        last = f"the last at {precise(repeats.last_at)} as request {repeats.last_request_id}"
        yield "duplicates", f"{repeats.count}, {last}"
    yield "partition", None if event.partition is None else str(event.partition)
    yield "size", _bytes(event.size)
    yield from _headers(event.headers)


def request_facts(request: StoredRequest) -> Iterator[tuple[str, Cell | None]]:
    """What is known of a request, but for its errors and its body."""
    yield "outcome", styled(request.outcome.value)
    yield from _spooled(request)
    yield "answered", None if request.status is None else str(request.status)
    yield "reason", request.reason
    yield "repeats" if request.outcome is Outcome.DUPLICATE else "event", request.event_id
    yield "trigger", request.trigger
    yield "source", request.source
    yield "app", request.app_id
    yield "received", precise(request.received_at)
    yield "size", _bytes(request.size)
    yield from _headers(request.headers)


def _spooled(found: StoredEvent | StoredRequest) -> Iterator[tuple[str, Cell | None]]:
    if found.spooled:
        yield "spooled", f"it {SPOOLED}"


def _bytes(size: int | None) -> str | None:
    return None if size is None else number_of(size, "byte")


def _headers(headers: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    shown = masked(headers)
    return ((name.replace("_", " "), str(value)) for name, value in shown.items())
