"""`comethooks runs`: what handlers did with events."""

from dataclasses import replace
from typing import Any

import click

from webhooks.cli import filters, options
from webhooks.cli.details import print_runs, print_text, print_title, run_cells
from webhooks.cli.documents import run_details, run_document
from webhooks.cli.events import find_event
from webhooks.cli.output import Cell, Column, Listing, print_json, styled
from webhooks.cli.sources import open_sources
from workers.journal import StoredRun
from workers.states import RunState


@click.group()
def runs() -> None:
    """Show what handlers did with events."""


@runs.command(
    "list",
    epilog=options.examples(
        "comethooks runs list --state dead --since 1d", "comethooks runs list --handler welcome.greet --json"
    ),
)
@click.option(
    "--state", type=click.Choice([state.value for state in RunState]), help="Only runs in this state."
)
@click.option("--handler", metavar="PLUGIN.FUNCTION", help="Only runs of this handler.")
@click.option(
    "--event", "identifier", type=filters.Identifier(), metavar="ID", help="Only runs on this event."
)
@filters.about
@filters.within
@filters.limit
@options.as_json
def list_(
    state: str | None,
    handler: str | None,
    identifier: str | None,
    limit: int | None,
    as_json: bool,
    **about: Any,
) -> None:
    """List runs, those of the newest event first.

    A run is listed once it has ended.
    """
    count = _LISTING.limit(as_json=as_json, limit=limit)
    asked = replace(
        filters.asked(**about),
        state=None if state is None else RunState(state),
        handler=handler,
        limit=count,
    )
    with open_sources() as sources:
        found = sources.kept.runs(asked) if identifier is None else sources.kept.runs_on(identifier, asked)
        _LISTING.print(found, as_json=as_json, limit=limit)


@runs.command(
    epilog=options.examples(
        "comethooks runs show 0199f2a4-7c1e", "comethooks runs show 0199f2a4-7c1e welcome.greet"
    )
)
@click.argument("identifier", metavar="EVENT_ID", type=filters.Identifier())
@click.argument("handler", required=False)
@options.as_json
def show(identifier: str, handler: str | None, as_json: bool) -> None:
    """Show the runs on one event, with times and tracebacks.

    EVENT_ID is the event's id, or the beginning of it. With HANDLER, only the runs of that one.
    """
    with open_sources() as sources:
        event = find_event(sources, identifier)
    found = [run for run in event.runs if handler in (None, run.handler)]
    if handler is not None and not found:
        others = ", ".join(sorted({run.handler for run in event.runs})) or "none"
        raise click.ClickException(
            f"{handler} has no run on the event {event.id}; handlers with runs: {others}"
        )
    if as_json:
        print_json(
            {"event_id": event.id, "status": event.status.value, "runs": [run_details(run) for run in found]}
        )
        return
    print_title("Event", event.id, [("status", styled(event.status.value)), ("trigger", event.trigger)])
    if found:
        print_runs(found)
    else:
        print_text("It has no runs.")


def _row(run: StoredRun) -> tuple[Cell, ...]:
    return *run_cells(run), run.replay or "", run.event_id


_LISTING: Listing[StoredRun] = Listing(
    columns=(
        Column("HANDLER", folds_at=16),
        Column("STATE"),
        Column("ATTEMPTS", spare=4),
        Column("STARTED", spare=2),
        Column("TOOK", spare=3),
        Column("ERROR", spare=1, folds_at=24),
        Column("REPLAY", spare=5, folds_at=16),
        Column("EVENT"),
    ),
    row=_row,
    document=run_document,
    nothing="No runs found.",
)
