"""`comethooks drift`: what bodies hold that the schemas do not know."""

from typing import Any

import click

from comethooks.cli.terminal import filters, options
from comethooks.cli.terminal.asking import ask, require_answer, yes_option
from comethooks.cli.terminal.moments import moment
from comethooks.cli.terminal.output import (
    Cell,
    Column,
    Listing,
    ShortId,
    hint,
    print_json,
    time_column,
    uid_column,
)
from comethooks.cli.terminal.stores import open_stores
from comethooks.schemas import DriftKind
from comethooks.workers.journal import DriftFilter, StoredDrift
from comethooks.workers.texts import number_of

_WHAT_TO_DO = (
    "All of this was accepted. Look at an example with `comethooks events show ID`. A newer"
    " comethooks may know it; what a trigger may not hold is refused once"
    " COMETHOOKS_STRICT_TRIGGERS names it. When you have looked: `comethooks drift forget`."
)

_about = options.together(
    filters.trigger,
    click.option(
        "--kind", type=click.Choice([kind.value for kind in DriftKind]), help="Only this kind."
    ),
    click.option(
        "--path", metavar="PATH", help="Only this place in the body, written as in the listing."
    ),
)
"""The options that say which drift is meant."""


@click.group(
    invoke_without_command=True,
    epilog=options.examples(
        "comethooks drift --since 7d",
        "comethooks drift --kind 'unknown field' --trigger message_sent --json",
        "comethooks drift forget --trigger message_sent",
    ),
)
@_about
@filters.times("Last seen")
@filters.limit
@options.as_json
@click.pass_context
def drift(context: click.Context, /, limit: int | None, as_json: bool, **asked: Any) -> None:
    """Show what bodies hold that the schemas do not know.

    Unknown triggers, unknown fields and values of another type than the known one are no reason to
    refuse an event. They are counted when it is journalled, each with an example. What appeared
    most recently for the first time is on top.

    In a path, * stands for an id that is a key, and [] for any place in a list. The path … stands
    for all paths that there was no room for.
    """
    if context.invoked_subcommand:
        _check_nothing_is_asked(context)
        return
    filters.check_times(asked["since"], asked["until"])
    found = DriftFilter(**asked, limit=_LISTING.limit(as_json=as_json, limit=limit))
    with open_stores() as stores:
        rows = stores.journal.drift(found)
    _LISTING.print(rows, as_json=as_json, limit=limit)
    if rows and not as_json:
        hint(_WHAT_TO_DO)


@drift.command(
    epilog=options.examples(
        "comethooks drift forget --trigger message_sent --path data.message.newField",
        "comethooks drift forget --all --yes",
    )
)
@_about
@click.option("--all", "everything", is_flag=True, help="Everything.")
@yes_option
@options.as_json
def forget(everything: bool, yes: bool, as_json: bool, **asked: Any) -> None:
    """Remove rows of drift that you have looked at.

    What is seen again is new. The events stay as they are.
    """
    chosen = any(value is not None for value in asked.values())
    if chosen == everything:
        raise click.UsageError(
            "say what to forget: with --trigger, --kind and --path, or everything with --all"
        )
    require_answer("forget without being asked", yes=yes)
    meant = DriftFilter(**asked)
    with open_stores() as stores:
        matched = stores.journal.count_drift(meant)
        if matched:
            ask(f"Forget {number_of(matched, 'row')}?", yes=yes)
        forgotten = stores.journal.forget_drift(meant) if matched else 0
    if as_json:
        print_json({"matched": matched, "forgotten": forgotten})
    elif matched:
        click.echo(f"{number_of(forgotten, 'row')} forgotten.")
    else:
        hint("Nothing of that kind was found.")


def _check_nothing_is_asked(context: click.Context) -> None:
    given = [name for name, value in context.params.items() if value not in (None, False)]
    if given:
        raise click.UsageError(
            f"options come behind it: comethooks drift {context.invoked_subcommand} --{given[0]} …"
        )


def _row(found: StoredDrift) -> tuple[Cell, ...]:
    return (
        found.kind,
        found.trigger,
        found.path,
        str(found.count),
        moment(found.first_at),
        moment(found.last_at),
        ShortId(found.example_id),
    )


_LISTING: Listing[StoredDrift] = Listing(
    columns=(
        Column("KIND"),
        uid_column("TRIGGER"),
        Column("PATH", folds_at=16),
        Column("COUNT"),
        time_column("FIRST", spare=1),
        time_column("LAST", spare=2),
        Column("EXAMPLE"),
    ),
    row=_row,
    document=StoredDrift.as_json,
    nothing="No drift found: whatever was journalled is as the schemas of this version know it.",
)
