"""`comethooks events`: what was accepted, and what became of it."""

import signal
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import click
from rich.text import Text

from comethooks.browse.tail import Tail
from comethooks.cli.events.bookmarks import bookmark
from comethooks.cli.events.exporting import export
from comethooks.cli.events.importing import import_
from comethooks.cli.terminal import filters, options
from comethooks.cli.terminal.details import (
    moment,
    print_drift,
    print_payload,
    print_runs,
    print_section,
    print_text,
    print_title,
)
from comethooks.cli.terminal.documents import drift_of, event_details, event_document
from comethooks.cli.terminal.fitting import shortened
from comethooks.cli.terminal.found import event_facts, find_event
from comethooks.cli.terminal.output import (
    Cell,
    Column,
    Listing,
    ShortId,
    hint,
    print_json,
    styled,
    time_column,
)
from comethooks.cli.terminal.stores import open_stores
from comethooks.cli.terminal.texts import plain, without_secrets
from comethooks.workers.clock import now_ms
from comethooks.workers.journal import StoredEvent
from comethooks.workers.processes import StopFlag
from comethooks.workers.states import EventStatus, RunState

POLL_SECONDS = 0.5

_UNHAPPY = frozenset((RunState.DEAD, RunState.RETRYING))


@click.group()
def events() -> None:
    """Show what was accepted, and what became of it; write it to files, and read it from them."""


events.add_command(bookmark)
events.add_command(export)
events.add_command(import_)


@events.command(
    "list",
    epilog=options.examples(
        "comethooks events list --status dead --since 2h",
        "comethooks events list --trigger message_sent --json",
    ),
)
@filters.about
@filters.status
@filters.within
@filters.limit
@options.as_json
def list_(limit: int | None, as_json: bool, **about: Any) -> None:
    """List events, the newest first.

    An event is listed from the moment of its 200, whether a worker runs or not.
    """
    asked = replace(filters.asked(**about), limit=_LISTING.limit(as_json=as_json, limit=limit))
    with open_stores() as stores:
        _LISTING.print(stores.kept.events(asked), as_json=as_json, limit=limit)


@events.command(epilog=options.examples("comethooks events show 0199f2a4-7c1e"))
@click.argument("identifier", metavar="ID", type=filters.Identifier())
@options.as_json
def show(identifier: str, as_json: bool) -> None:
    """Show one event: what is known of it, its runs, its payload.

    ID is the event's id, or the beginning of it. Secrets in the payload are masked.
    """
    with open_stores() as stores:
        event = find_event(stores, identifier)
        if as_json:
            print_json(event_details(event))
        else:
            _print_event(event)


@events.command(
    epilog=options.examples(
        "comethooks events tail --trigger message_sent",
        "comethooks events tail --since 10m --status dead",
    )
)
@filters.about
@filters.status
@filters.within
@options.as_json
def tail(as_json: bool, **about: Any) -> None:
    """Print events as they come and change, until Ctrl-C or the time of --until.

    Every new event is printed as it is accepted, and again when its status changes; with --since
    first those that have come since then.
    """
    asked = filters.asked(**about)
    stop = StopFlag.on_signals(signal.SIGINT, signal.SIGTERM)
    with open_stores() as stores:
        watched = Tail(
            stores.client,
            stores.journal,
            asked,
            partitions=stores.settings.partitions,
            clock=now_ms,
            warn=hint,
        )
        hint("Waiting for events; Ctrl-C ends.")
        for event in _changes(watched, stop, asked.until):
            if as_json:
                print_json(event_document(event))
            else:
                print_text(_line(event))


def _changes(watched: Tail, stop: StopFlag, until: int | None) -> Iterator[StoredEvent]:
    over = False
    while not over and not stop.wait(POLL_SECONDS):
        over = until is not None and now_ms() >= until
        yield from watched.poll()


def _row(event: StoredEvent) -> tuple[Cell, ...]:
    return (
        moment(event.received_at),
        styled(event.status.value),
        event.trigger or "",
        _counted(event),
        event.conversation_id or "",
        event.sender or "",
        ShortId(event.id),
    )


def _counted(event: StoredEvent) -> str:
    states = Counter(run.state.value for run in event.runs if run.replay is None)
    return ", ".join(f"{count} {state}" for state, count in sorted(states.items()))


def _line(event: StoredEvent) -> Text:
    """An event on one line."""
    trigger, rest = plain(event.trigger or ""), [event.conversation_id or "-", event.sender or "-"]
    line = Text(f"{moment(event.received_at)}  {shortened(event.id)}  ")
    line.append(f"{event.status.value:<9}", style=styled(event.status.value).style)
    line.append(f"  {trigger:<28}  {plain('  '.join(rest))}")
    for run in event.runs:
        if run.state in _UNHAPPY:
            line.append(
                f"  {plain(run.handler)}: {plain(without_secrets(run.error or run.state.value))}"
            )
    return line


def _print_event(event: StoredEvent) -> None:
    print_title("Event", event.id, event_facts(event))
    print_section("Runs")
    if event.runs:
        print_runs(event.runs)
    else:
        print_text(f"    {_why_no_runs(event)}")
    if drift := drift_of(event):
        print_section("Not as expected")
        print_drift(drift)
    print_section("Payload")
    print_payload(event.body)


def _why_no_runs(event: StoredEvent) -> str:
    if event.status is EventStatus.QUEUED:
        return "None yet: the event waits for a worker, or a worker has it in hand."
    if event.partition is None:
        return "None: the event was imported, and no handler was given it."
    return "None: no handler matched when the event was processed."


_LISTING: Listing[StoredEvent] = Listing(
    columns=(
        time_column("RECEIVED"),
        Column("STATUS"),
        Column("TRIGGER", folds_at=12),
        Column("RUNS", folds_at=11),
        Column("CONVERSATION", folds_at=12),
        Column("USER", spare=1, folds_at=12),
        Column("ID"),
    ),
    row=_row,
    document=event_document,
    nothing="No events found. To send one: comethooks send after_message",
)
