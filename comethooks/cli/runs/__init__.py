"""`comethooks runs`: what handlers did with events."""

from dataclasses import replace
from typing import Any

import click

from comethooks.cli.runs.actions import dismiss, retry, unblock
from comethooks.cli.runs.failures import print_failures
from comethooks.cli.terminal import filters, options
from comethooks.cli.terminal.details import print_once, print_text, print_title
from comethooks.cli.terminal.documents import run_details, run_document
from comethooks.cli.terminal.found import find_runs
from comethooks.cli.terminal.output import (
    Cell,
    Column,
    Listing,
    ShortId,
    print_json,
    styled,
    time_column,
)
from comethooks.cli.terminal.parameters import Identifier
from comethooks.cli.terminal.run_details import print_runs, run_cells
from comethooks.cli.terminal.stores import open_stores
from comethooks.workers.clock import now_ms
from comethooks.workers.journal import StoredRun
from comethooks.workers.states import RunState


@click.group()
def runs() -> None:
    """Show what handlers did with events, and retry what failed.

    A run is one handler, given one event. When it fails it is tried again as the handler says, and
    is dead when it is out of attempts.
    """


runs.add_command(retry)
runs.add_command(dismiss)
runs.add_command(unblock)


@runs.command(
    "list",
    epilog=options.examples(
        "comethooks runs list --state dead --since 1d",
        "comethooks runs list --handler welcome.greet --json",
        "comethooks runs list --group --since 7d",
    ),
)
@filters.of_runs(RunState)
@filters.status
@click.option(
    "--group",
    "in_groups",
    is_flag=True,
    help="Show failures by handler, type of the exception and place in the plugin.",
)
@filters.limit
@options.as_json
def list_(
    event_prefix: str | None, in_groups: bool, limit: int | None, as_json: bool, **chosen: Any
) -> None:
    """List runs, those of the newest event first.

    A run is listed once its first attempt has ended; one of a dry run only with --replay. With
    --group, what failed and is not done since: how often, first and last when, and an event as an
    example; what failed last comes first.
    """
    asked = replace(filters.asked(**chosen), limit=_LISTING.limit(as_json=as_json, limit=limit))
    with open_stores() as stores:
        if in_groups:
            print_failures(stores, asked, event_prefix, as_json=as_json, limit=limit)
            return
        kept = stores.kept
        found = kept.runs(asked) if event_prefix is None else kept.runs_on(event_prefix, asked)
        _LISTING.print(found, as_json=as_json, limit=limit)


@runs.command(
    epilog=options.examples(
        "comethooks runs show 0199f2a4-7c1e", "comethooks runs show 0199f2a4-7c1e welcome.greet"
    )
)
@click.argument("identifier", metavar="EVENT_ID", type=Identifier())
@click.argument("handler", required=False)
@options.as_json
def show(identifier: str, handler: str | None, as_json: bool) -> None:
    """Show the runs on one event, with times and tracebacks.

    EVENT_ID is the event's id, or the beginning of it. With HANDLER, only the runs of that one.
    """
    with open_stores() as stores:
        event, found = find_runs(stores, identifier, handler)
        once = [
            each
            for each in stores.journal.once_of(event.id, now_ms())
            if handler in (None, each.handler)
        ]
    if as_json:
        print_json(
            {
                "event_id": event.id,
                "status": event.status.value,
                "runs": [run_details(run) for run in found],
                "once": [each.as_json() for each in once],
            }
        )
        return
    print_title(
        "Event", event.id, [("status", styled(event.status.value)), ("trigger", event.trigger)]
    )
    if found:
        print_runs(found)
    else:
        print_text("It has no runs.")
    print_once(once)


def _row(run: StoredRun) -> tuple[Cell, ...]:
    return *run_cells(run), run.replay or "", ShortId(run.event_id)


_LISTING: Listing[StoredRun] = Listing(
    columns=(
        Column("HANDLER", folds_at=16),
        Column("STATE"),
        Column("NEXT", spare=1),
        Column("ATTEMPTS", spare=5),
        time_column("STARTED", spare=3),
        Column("TOOK", spare=4),
        Column("ERROR", folds_at=18),
        Column("REPLAY", spare=6, folds_at=16),
        Column("EVENT"),
    ),
    row=_row,
    document=run_document,
    nothing="No runs found.",
)
