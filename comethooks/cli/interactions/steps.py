"""`comethooks interactions funnel`: how far users come with interactive messages."""

from typing import Any

import click

from comethooks.browse.funnel import WHO_SEES, Funnel, funnel_of
from comethooks.cli.interactions.found_messages import trusted
from comethooks.cli.terminal import filters, options
from comethooks.cli.terminal.details import print_text
from comethooks.cli.terminal.output import Cell, Column, hint, print_json, print_table
from comethooks.cli.terminal.stores import open_stores


@click.command(
    epilog=options.examples(
        "comethooks interactions funnel --since 7d",
        "comethooks interactions funnel --tag booking --app 2345abc --json",
    )
)
@filters.of_messages
@options.as_json
def funnel(as_json: bool, **about: Any) -> None:
    """Count how far interactive messages came.

    The steps are sent, seen, interacted with and completed. Of cards those count that have
    something in them which calls a server. A user counts once for each message. It reads every read
    receipt since the first of the messages.
    """
    asked = filters.asked_messages(**about)
    with open_stores() as stores:
        found = funnel_of(stores.journal, asked, trusted(stores))
    if as_json:
        print_json(found.as_json())
    elif not found.sent:
        hint("No interactive messages found.")
    else:
        _print(found)


def _print(found: Funnel) -> None:
    steps = (("seen", found.seen), ("interacted", found.interacted), ("completed", found.completed))
    rows: list[tuple[Cell, ...]] = [("sent", str(found.sent), "", "")]
    rows += (
        (name, str(step.messages), str(step.users), WHO_SEES if name == "seen" else "")
        for name, step in steps
    )
    print_table(
        (Column("STEP"), Column("MESSAGES"), Column("USERS"), Column("", folds_at=16)), rows
    )
    if found.median_seconds is not None:
        print_text(f"\nFrom sent to completed: {found.median_seconds:g} s for the median user.")
