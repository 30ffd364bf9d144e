"""`comethooks runs list --group`: failed runs by what is wrong."""

from dataclasses import replace
from itertools import islice

from comethooks.cli.terminal.moments import moment
from comethooks.cli.terminal.output import Cell, Column, Listing, ShortId, time_column
from comethooks.cli.terminal.stores import Stores
from comethooks.workers.journal import FailureGroup, Filter, grouped
from comethooks.workers.texts import without_secrets


def print_failures(
    stores: Stores, asked: Filter, event_prefix: str | None, *, as_json: bool, limit: int | None
) -> None:
    """Print the causes of the failures that `asked` describes, what failed last first."""
    found: list[FailureGroup] = []
    event = None if event_prefix is None else stores.kept.event(event_prefix)
    if event_prefix is None or event is not None:
        chosen = replace(asked, event_id=None if event is None else event.id)
        found = grouped(stores.kept.failed_runs(chosen))
    wanted = _LISTING.limit(as_json=as_json, limit=limit)
    _LISTING.print(islice(found, wanted), as_json=as_json, limit=limit)


def _row(group: FailureGroup) -> tuple[Cell, ...]:
    return (
        group.cause.handler,
        without_secrets(group.cause.error),
        group.cause.place or "",
        str(group.count),
        ", ".join(f"{count} {state.value}" for state, count in sorted(group.states.items())),
        moment(group.first_at),
        moment(group.last_at),
        ShortId(group.example_id),
    )


def _document(group: FailureGroup) -> dict[str, object]:
    return {**group.as_json(), "error": without_secrets(group.cause.error)}


_LISTING: Listing[FailureGroup] = Listing(
    columns=(
        Column("HANDLER", folds_at=16),
        Column("ERROR", folds_at=20),
        Column("PLACE", spare=1, folds_at=24),
        Column("COUNT"),
        Column("STATES", spare=3, folds_at=12),
        time_column("FIRST", spare=4),
        time_column("LAST", spare=2),
        Column("EXAMPLE"),
    ),
    row=_row,
    document=_document,
    nothing="No failures found.",
)
