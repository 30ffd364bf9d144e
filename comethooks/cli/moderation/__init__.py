"""`comethooks moderation`: what moderation found, and what people decide about that."""

from typing import get_args

import click

from comethooks.cli.moderation.found_cases import case_document
from comethooks.cli.terminal import filters, options
from comethooks.cli.terminal.lazy_group import LazyGroup
from comethooks.cli.terminal.moments import moment
from comethooks.cli.terminal.output import (
    Cell,
    Column,
    Listing,
    ShortId,
    styled,
    time_column,
    uid_column,
)
from comethooks.cli.terminal.stores import open_stores
from comethooks.workers.journal import CaseFilter, CaseState, StoredCase
from comethooks.workers.moderation.rule import Severity
from comethooks.workers.texts import without_secrets

_MODULES = {
    "show": "case_details",
    "approve": "reviewing",
    "reject": "reviewing",
    "forget": "forgotten_users",
    "rules": "listed_rules",
    "check": "checking",
    "test": "trying",
}
"""The commands that are in modules of their own."""


@click.group(cls=LazyGroup, package=__name__, modules=_MODULES)
def moderation() -> None:
    """Show what moderation found, and decide what becomes of it."""


@moderation.command(
    epilog=options.examples(
        "comethooks moderation cases --state open --severity high",
        "comethooks moderation cases --rule scam --since 7d --json",
    )
)
@click.option(
    "--state",
    type=click.Choice([state.value for state in CaseState]),
    help="Only cases in this state.",
)
@click.option("--rule", metavar="NAME", help="Only cases of this rule.")
@click.option(
    "--severity", type=click.Choice([*get_args(Severity)]), help="Only cases as bad as this."
)
@filters.times("Opened")
@filters.app
@filters.limit
@options.as_json
def cases(
    state: str | None,
    rule: str | None,
    severity: str | None,
    app: str | None,
    since: int | None,
    until: int | None,
    limit: int | None,
    as_json: bool,
) -> None:
    """List messages that were dropped, flagged or blocked.

    The last one is first. ORIGIN is who found something: a rule of ours dropped the message in
    flight or flagged it when it was sent, or CometChat's own moderation blocked it, or failed to
    judge it.
    """
    filters.check_times(since, until)
    asked = CaseFilter(
        state=None if state is None else CaseState(state),
        rule=rule,
        severity=severity,
        app_id=app,
        since=since,
        until=until,
        limit=_LISTING.limit(as_json=as_json, limit=limit),
    )
    with open_stores() as stores:
        _LISTING.print(stores.journal.cases.cases(asked), as_json=as_json, limit=limit)


def _row(case: StoredCase) -> tuple[Cell, ...]:
    return (
        ShortId(case.id),
        moment(case.opened_at),
        styled(case.state.value),
        case.severity,
        case.rule,
        case.origin.value,
        case.sender or "",
        without_secrets(case.excerpt or ""),
        case.conversation_id or "",
        case.message_id or "",
        case.app_id,
    )


_LISTING: Listing[StoredCase] = Listing(
    columns=(
        Column("ID"),
        time_column("OPENED"),
        Column("STATE"),
        Column("SEVERITY", spare=1),
        Column("RULE", folds_at=12, most=64),
        Column("ORIGIN", spare=2),
        uid_column("SENDER"),
        Column("EXCERPT", folds_at=16, most=200),
        uid_column("CONVERSATION", spare=3, uids=2),
        uid_column("MESSAGE", spare=4),
        uid_column("APP", spare=5),
    ),
    row=_row,
    document=case_document,
    nothing="No cases found.",
)
