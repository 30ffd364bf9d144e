"""A case that a command is about, and what is told of it."""

from typing import Any

import click

from comethooks.cli.terminal.moments import moment
from comethooks.cli.terminal.stores import Stores
from comethooks.workers.journal import StoredCase
from comethooks.workers.settings.addresses import masked_url
from comethooks.workers.texts import without_secrets


def find_case(stores: Stores, identifier: str) -> StoredCase:
    """The case whose id is or begins so; without one the command ends and says what to do."""
    case = stores.journal.cases.case(identifier)
    if case is None:
        raise click.ClickException(
            f"no case has an id that begins with {identifier}; looked in the journal"
            f" {masked_url(stores.settings.database_url)}; see: comethooks moderation cases"
        )
    return case


def how_closed(case: StoredCase) -> str:
    """What became of a closed case: by whom, when, and what was noted."""
    by = f" by {case.closed_by}" if case.closed_by else ""
    note = f": {without_secrets(case.note)}" if case.note else ""
    return f"{case.state.value}{by} at {moment(case.closed_at)}{note}"


def case_document(case: StoredCase) -> dict[str, Any]:
    """A case as JSON."""
    shown = {name: case.as_json()[name] for name in ("excerpt", "failure", "note")}
    kept = {name: text and without_secrets(text) for name, text in shown.items()}
    return {**case.as_json(), **kept}
