"""`comethooks requests`: every call that was kept, refused ones and duplicates too."""

from dataclasses import replace
from typing import Any

import click

from comethooks.cli.terminal import filters, options
from comethooks.cli.terminal.details import (
    print_errors,
    print_payload,
    print_section,
    print_text,
    print_title,
)
from comethooks.cli.terminal.documents import request_details, request_document
from comethooks.cli.terminal.found import find_request, request_facts
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
from comethooks.cli.terminal.stores import open_stores
from comethooks.workers.journal import Outcome, StoredRequest


@click.group()
def requests() -> None:
    """Show every call that was kept: refused ones and repeats, too."""


@requests.command(
    "list",
    epilog=options.examples(
        "comethooks requests list --outcome refused --since 1d",
        "comethooks requests list --status 422 --json",
    ),
)
@filters.about
@click.option(
    "--outcome",
    type=click.Choice([outcome.value for outcome in Outcome]),
    help="Only those that became events, repeated one, or were refused.",
)
@click.option(
    "--status", type=click.IntRange(100, 599), metavar="CODE", help="Only those answered with this."
)
@filters.within
@filters.limit
@options.as_json
def list_(
    outcome: str | None, status: int | None, limit: int | None, as_json: bool, **about: Any
) -> None:
    """List requests, the newest first.

    Only accepted ones belong to a conversation and a user.
    """
    asked = replace(
        filters.asked(**about),
        outcome=None if outcome is None else Outcome(outcome),
        answer=status,
        limit=_LISTING.limit(as_json=as_json, limit=limit),
    )
    with open_stores() as stores:
        _LISTING.print(stores.kept.requests(asked), as_json=as_json, limit=limit)


@requests.command(epilog=options.examples("comethooks requests show 0199f2a4-7c1e"))
@click.argument("identifier", metavar="ID", type=Identifier())
@options.as_json
def show(identifier: str, as_json: bool) -> None:
    """Show one request: its answer, the reason, its payload.

    ID is the request's id (X-Request-Id in the answer), or the beginning of it. Secrets are masked.
    """
    with open_stores() as stores:
        request = find_request(stores, identifier)
        if as_json:
            print_json(request_details(request))
        else:
            _print_request(request)


def _row(request: StoredRequest) -> tuple[Cell, ...]:
    return (
        moment(request.received_at),
        styled(request.outcome.value),
        "" if request.status is None else str(request.status),
        request.trigger or "",
        _why(request),
        ShortId(request.id),
    )


def _why(request: StoredRequest) -> Cell:
    if request.outcome is Outcome.DUPLICATE and request.event_id and not request.reason:
        return ShortId(request.event_id, before="repeats ")
    return "" if request.outcome is Outcome.ACCEPTED else request.reason or ""


def _print_request(request: StoredRequest) -> None:
    print_title("Request", request.id, request_facts(request))
    if request.errors:
        print_section("Errors")
        print_errors(request.errors)
    if request.outcome is Outcome.DUPLICATE:
        print_text(f"\nIt repeats an event that is kept: comethooks events show {request.event_id}")
        return
    print_section("Payload")
    print_payload(request.body)
    if request.outcome is Outcome.ACCEPTED:
        print_text(f"\nIt became the event of the same id: comethooks events show {request.id}")


_LISTING: Listing[StoredRequest] = Listing(
    columns=(
        time_column("RECEIVED"),
        Column("OUTCOME"),
        Column("STATUS", spare=1),
        uid_column("TRIGGER"),
        Column("REASON", folds_at=18),
        Column("ID"),
    ),
    row=_row,
    document=request_document,
    nothing="No requests found.",
)
