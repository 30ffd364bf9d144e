"""`comethooks events`: what was accepted, and what became of it."""

from collections import Counter
from dataclasses import replace
from typing import Any

import click

from comethooks.cli.terminal import filters, options
from comethooks.cli.terminal.details import (
    print_drift,
    print_payload,
    print_section,
    print_text,
    print_title,
    print_votes,
)
from comethooks.cli.terminal.documents import drift_of, event_details, event_document
from comethooks.cli.terminal.found import event_facts, find_event, why_no_run
from comethooks.cli.terminal.lazy_group import LazyGroup
from comethooks.cli.terminal.moments import moment
from comethooks.cli.terminal.output import (
    Cell,
    Column,
    Listing,
    ShortId,
    print_json,
    styled,
    time_column,
    uid_column,
)
from comethooks.cli.terminal.parameters import Identifier
from comethooks.cli.terminal.run_details import print_runs
from comethooks.cli.terminal.stores import open_stores
from comethooks.workers.journal import StoredEvent

_MODULES = {
    "bookmark": "bookmarks",
    "export": "exporting",
    "import": "importing",
    "tail": "tailing",
}
"""The commands that are in modules of their own."""


@click.group(cls=LazyGroup, package=__name__, modules=_MODULES)
def events() -> None:
    """Show events and what became of them; export and import them."""


@events.command(
    "list",
    epilog=options.examples(
        "comethooks events list --status dead --since 2h",
        "comethooks events list --trigger message_sent --json",
        "comethooks events list --decision drop --since 1d",
        "comethooks events list --message 104729",
    ),
)
@filters.about
@filters.message
@filters.backfilled
@filters.status
@filters.decision
@filters.within
@filters.limit
@options.as_json
def list_(limit: int | None, as_json: bool, **about: Any) -> None:
    """List events, the newest first.

    An event is listed from the moment it was answered with 200, whether a worker runs or not.
    """
    asked = replace(filters.asked(**about), limit=_LISTING.limit(as_json=as_json, limit=limit))
    with open_stores() as stores:
        _LISTING.print(stores.kept.events(asked), as_json=as_json, limit=limit)


@events.command(epilog=options.examples("comethooks events show 0199f2a4-7c1e"))
@click.argument("identifier", metavar="ID", type=Identifier())
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


def _row(event: StoredEvent) -> tuple[Cell, ...]:
    return (
        moment(event.received_at),
        styled(event.status.value),
        _named(event),
        _counted(event),
        event.conversation_id or "",
        event.sender or "",
        ShortId(event.id),
    )


def _named(event: StoredEvent) -> str:
    """The trigger, and what was decided, or that the body does not fit."""
    marks = [event.decision.value] if event.decision else []
    marks += ["misfit"] * bool(event.misfit)
    return f"{event.trigger or ''} ({', '.join(marks)})" if marks else event.trigger or ""


def _counted(event: StoredEvent) -> str:
    states = Counter(run.state.value for run in event.runs if run.replay is None)
    return ", ".join(f"{count} {state}" for state, count in sorted(states.items()))


def _print_event(event: StoredEvent) -> None:
    print_title("Event", event.id, event_facts(event))
    print_votes(event.votes)
    print_section("Runs")
    if event.runs:
        print_runs(event.runs)
    else:
        why = why_no_run(event, "no handler matched when the event was processed")
        print_text(f"    None: {why}.")
    if drift := drift_of(event):
        print_section("Not as expected")
        print_drift(drift)
    print_section("Payload")
    print_payload(event.body)


_LISTING: Listing[StoredEvent] = Listing(
    columns=(
        time_column("RECEIVED"),
        Column("STATUS"),
        uid_column("TRIGGER"),
        Column("RUNS", folds_at=11),
        uid_column("CONVERSATION", uids=2),
        uid_column("USER", spare=1),
        Column("ID"),
    ),
    row=_row,
    document=event_document,
    nothing="No events found. To send one: comethooks send after_message",
)
