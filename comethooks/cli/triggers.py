"""`comethooks triggers`: what is known of every trigger."""

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

import click

from comethooks.cli.terminal import options
from comethooks.cli.terminal.details import print_section, print_text, print_title
from comethooks.cli.terminal.output import Cell, Column, hint, print_json, print_table
from comethooks.schemas import TRIGGERS, Form, Generation, Trigger

_COLUMNS = (
    Column("TRIGGER"),
    Column("NAME"),
    Column("GENERATION", folds_at=8),
    Column("FAMILY", spare=5, folds_at=12),
    Column("CONVERSATION", spare=2, folds_at=16),
    Column("THE SAME EVENT IF EQUAL", spare=3, folds_at=24),
    Column("TIME", spare=4, folds_at=20),
    Column("REQUIRED", spare=1, folds_at=32),
    Column("KEEP", spare=6),
)


@click.command(
    epilog=options.examples(
        "comethooks triggers --legacy",
        "comethooks triggers message_sent",
        "comethooks triggers user.presence",
    )
)
@click.argument("name", required=False)
@click.option("--legacy", "generation", flag_value="legacy", help="Only those of legacy webhooks.")
@click.option(
    "--current", "generation", flag_value="current", help="Only those of current webhooks."
)
@options.as_json
def triggers(name: str | None, generation: str | None, as_json: bool) -> None:
    """Show the table of triggers: everything that is known of each.

    With NAME, a trigger or a canonical name, those of that name in full: the forms in which bodies
    may be written, what each has to have, and where it says what it is about. The table has what
    the first form requires; in JSON, one of the paths with | between them is enough.

    A trigger that is not here is accepted too, and counted: see `comethooks drift`.
    """
    of_generation = [
        entry
        for entry in TRIGGERS.values()
        if generation is None or Generation(generation) in entry.generations
    ]
    found = (
        of_generation
        if name is None
        else [entry for entry in of_generation if name in _names(entry)]
    )
    if not found:
        raise click.ClickException(_unknown(name or "", of_generation))
    if as_json:
        for entry in found:
            print_json(_document(entry))
    elif name is None:
        print_table(_COLUMNS, [_row(entry) for entry in found])
        hint("comethooks triggers NAME shows one in full.")
    else:
        for number, entry in enumerate(found):
            if number:
                print_text("")
            _print_whole(entry)


def _names(entry: Trigger) -> set[str]:
    """What an entry may be asked for by."""
    return {name for name in (entry.name, entry.canonical, *entry.renamed.values()) if name}


def _unknown(name: str, entries: list[Trigger]) -> str:
    known = sorted({name for entry in entries for name in _names(entry)})
    close = get_close_matches(name, known, n=3)
    meant = (
        f"did you mean {' or '.join(close)}?"
        if close
        else "comethooks triggers lists those that there are"
    )
    return f"no trigger and no canonical name is {name!r} here; {meant}"


def _generations(entry: Trigger) -> list[str]:
    return [generation.value for generation in Generation if generation in entry.generations]


def _row(entry: Trigger) -> tuple[Cell, ...]:
    family = entry.family
    return (
        entry.name,
        entry.canonical or "",
        ", ".join(_generations(entry)),
        family.name,
        family.conversation,
        family.repeat,
        family.time,
        ", ".join(map(_either, entry.forms[0].required)),
        entry.keep.value,
    )


def _either(paths: str) -> str:
    return " or ".join(paths.split("|"))


def _document(entry: Trigger) -> dict[str, Any]:
    family = entry.family
    return {
        "trigger": entry.name,
        "name": entry.canonical,
        "renamed": dict(entry.renamed),
        "generations": _generations(entry),
        "in_flight": entry.in_flight,
        "family": family.name,
        "conversation": family.conversation,
        "duplicate_key": family.repeat,
        "time": family.time,
        "keep": entry.keep.value,
        "forms": [_form(form) for form in entry.forms],
    }


def _form(form: Form) -> dict[str, Any]:
    return {
        "name": form.shape.name,
        "required": list(form.required),
        "subject": dict(form.shape.subject),
    }


def _print_whole(entry: Trigger) -> None:
    print_title("Trigger", entry.name, _facts(entry))
    for form in entry.forms:
        print_section(f"Form {form.shape.name}")
        envelope = [name for name in ("trigger", "data") if form.schema.fields[name].required]
        required = [("required", path) for path in (*envelope, *form.required)]
        rows = [(what, _either(paths)) for what, paths in (*required, *form.shape.subject.items())]
        print_table((Column("WHAT"), Column("WHERE", folds_at=32)), rows)


def _facts(entry: Trigger) -> Iterator[tuple[str, Cell | None]]:
    family = entry.family
    yield "name", entry.canonical
    for action, name in entry.renamed.items():
        yield f"  if {action}", f"{name}, when the message is an action on a message"
    yield "generation", ", ".join(_generations(entry))
    yield "family", family.name
    yield "conversation", family.conversation
    yield "the same event if equal", family.repeat
    yield "time", family.time
    yield "in flight", "yes: CometChat waits for the answer" if entry.in_flight else None
    yield "keep", entry.keep.value
