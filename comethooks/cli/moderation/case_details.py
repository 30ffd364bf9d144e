"""`comethooks moderation show`: one case."""

from collections.abc import Iterator

import click

from comethooks.cli.moderation.found_cases import case_document, find_case, how_closed
from comethooks.cli.terminal import options
from comethooks.cli.terminal.details import indented, print_section, print_text, print_title
from comethooks.cli.terminal.moments import precise
from comethooks.cli.terminal.output import Cell, hint, print_json, styled
from comethooks.cli.terminal.parameters import Identifier
from comethooks.cli.terminal.stores import open_stores
from comethooks.workers.journal import CaseState, StoredCase
from comethooks.workers.texts import without_secrets


@click.command(epilog=options.examples("comethooks moderation show 61ef5eec"))
@click.argument("identifier", metavar="ID", type=Identifier())
@options.as_json
def show(identifier: str, as_json: bool) -> None:
    """Show one case: what was written, and which rule is against it.

    It also tells what CometChat says of it, and who closed it.
    """
    with open_stores() as stores:
        case = find_case(stores, identifier)
    if as_json:
        print_json(case_document(case))
        return
    print_title("Case", case.id, _facts(case))
    print_section("Excerpt")
    excerpt = case.excerpt or "(it is not kept, or there was no text)"
    print_text(indented(without_secrets(excerpt)))
    if case.state is CaseState.OPEN:
        hint(f"To close it: comethooks moderation approve {case.id}, or reject")
    hint(f"What came in: comethooks events show {case.event_id}")


def _facts(case: StoredCase) -> Iterator[tuple[str, Cell | None]]:
    yield "state", styled(case.state.value)
    yield "closed", how_closed(case) if case.state is not CaseState.OPEN else None
    yield "rule", case.rule
    yield "severity", case.severity
    yield "origin", case.origin.value
    yield "at CometChat", None if case.at_cometchat is None else case.at_cometchat.value
    yield "failure", None if case.failure is None else without_secrets(case.failure)
    yield "app", case.app_id
    yield "message", case.message_id
    yield "muid", case.muid
    yield "conversation", case.conversation_id
    yield "sender", case.sender
    yield "opened", precise(case.opened_at)
    yield "changed", precise(case.changed_at)
    yield "event", case.event_id
