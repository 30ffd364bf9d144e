"""`comethooks interactions`: interactive messages, and what users do with them."""

from dataclasses import replace
from typing import Any

import click

from comethooks.cli.interactions.found_messages import goal_of, message_document, title_of
from comethooks.cli.terminal import filters, options
from comethooks.cli.terminal.lazy_group import LazyGroup
from comethooks.cli.terminal.moments import moment
from comethooks.cli.terminal.output import Cell, Column, Listing, hint, time_column, uid_column
from comethooks.cli.terminal.stores import open_stores
from comethooks.workers.journal import StoredMessage

_MODULES = {
    "show": "showing",
    "funnel": "steps",
    "answers": "answering",
    "url": "urls",
}
"""The commands that are in modules of their own."""


@click.group(cls=LazyGroup, package=__name__, modules=_MODULES)
def interactions() -> None:
    """Show what users do with forms and cards; make their URLs.

    Forms, cards and schedulers are interactive messages. When a user presses a button, the device
    calls the URL of that button, which is one of ours: that is a press.
    """


@interactions.command(
    "list",
    epilog=options.examples(
        "comethooks interactions list --since 7d",
        "comethooks interactions list --tag booking --json",
    ),
)
@filters.of_messages
@filters.limit
@options.as_json
def list_(limit: int | None, as_json: bool, **about: Any) -> None:
    """List interactive messages and cards, the last one sent first.

    A message is listed once a worker has seen it. PRESSES are all that were made on it, also those
    that do not count; USERS is how many users made them.
    """
    asked = replace(
        filters.asked_messages(**about), limit=_LISTING.limit(as_json=as_json, limit=limit)
    )
    with open_stores() as stores:
        kept = stores.journal.interactions
        _LISTING.print(kept.messages(asked), as_json=as_json, limit=limit)
        waiting = 0 if as_json else kept.waiting(asked.app_id)
    if waiting:
        hint(f"Presses that wait for a message which was not seen yet: {waiting}.")


def _row(message: StoredMessage) -> tuple[Cell, ...]:
    return (
        moment(message.sent_at),
        message.message_id,
        message.kind or message.category or "",
        title_of(message),
        goal_of(message),
        str(message.presses),
        str(message.users),
        str(message.completed),
        message.conversation_id or "",
        message.app_id,
    )


_LISTING: Listing[StoredMessage] = Listing(
    columns=(
        time_column("SENT"),
        uid_column("MESSAGE"),
        Column("KIND", most=20),
        Column("TITLE", folds_at=16, most=60, spare=2),
        Column("GOAL", folds_at=16, most=80, spare=1),
        Column("PRESSES"),
        Column("USERS"),
        Column("COMPLETED"),
        uid_column("CONVERSATION", spare=3, uids=2),
        uid_column("APP", spare=4),
    ),
    row=_row,
    document=message_document,
    nothing="No interactive messages found. To send some: comethooks send story form",
)
