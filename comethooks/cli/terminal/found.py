"""What commands look for by an id: the event, its runs, and what is known of it."""

from collections.abc import Iterator

import click

from comethooks.cli.terminal.details import precise
from comethooks.cli.terminal.output import Cell, styled
from comethooks.cli.terminal.stores import Stores
from comethooks.workers.journal import StoredEvent, StoredRun


def find_event(stores: Stores, identifier: str) -> StoredEvent:
    """The event with that id or beginning, or the end of the command with where it was looked
    for.
    """
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


def find_runs(
    stores: Stores, identifier: str, handler: str | None
) -> tuple[StoredEvent, tuple[StoredRun, ...]]:
    """An event as above, and its runs; with `handler` those of that one, or the end of the command
    without any.
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
    yield "trigger", event.trigger
    yield "name", event.name
    yield "source", event.source
    yield "app", event.app_id
    yield "conversation", event.conversation_id
    yield "sender", event.sender
    yield "occurred", precise(event.occurred_at)
    yield "received", precise(event.received_at)
    if repeats.count:
        last = f"the last at {precise(repeats.last_at)} as request {repeats.last_request_id}"
        yield "duplicates", f"{repeats.count}, {last}"
    yield "partition", None if event.partition is None else str(event.partition)
    yield "size", f"{event.size} bytes"
    for name, value in event.headers.items():
        yield name.replace("_", " "), str(value)
