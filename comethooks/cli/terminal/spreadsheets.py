"""Tables as CSV, for spreadsheets."""

import csv
import io
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import click

from comethooks.workers.texts import plain

as_csv_option: Callable[[Any], Any] = click.option(
    "--csv", "as_csv", is_flag=True, help="Print CSV in UTF-8, with a line of names."
)

_BEGIN_FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001
"""What a cell begins with that a spreadsheet may take for a formula: OWASP's list."""


def require_one_form(*, as_csv: bool, as_json: bool) -> None:
    """End the command as wrong use when it is asked for CSV and for JSON."""
    if as_csv and as_json:
        raise click.UsageError("--csv and --json are two ways of printing the same; give one")


def print_csv(names: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print `rows` below a line of names. A cell that a spreadsheet could take for a formula has a
    ' in front.
    """
    file = io.StringIO()
    # Everything in quotation marks, so that no other separator begins a cell.
    writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n")
    for row in (names, *rows):
        writer.writerow(map(_cell, row))
    click.echo(file.getvalue().encode("utf-8", "replace"), nl=False)


def _cell(text: str) -> str:
    shown = plain(text) if sys.stdout.isatty() else text
    return f"'{shown}" if shown.startswith(_BEGIN_FORMULAS) else shown
