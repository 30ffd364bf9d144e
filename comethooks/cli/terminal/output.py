"""What commands print: data on standard output, everything else on standard error."""

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import IO, Any, Generic, TypeVar

import click
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from comethooks.cli.terminal.fitting import GAP, Need, fitted, id_length, shortened
from comethooks.workers.texts import dumps, is_plain, plain

NEWEST = 50
"""Rows of a listing for people, unless `--limit` says otherwise."""

_STYLES = {
    "done": "green",
    "accepted": "green",
    "loaded": "green",
    "replayed": "green",
    "approved": "green",
    "ok": "green",
    "queued": "cyan",
    "pending": "cyan",
    "running": "cyan",
    "open": "yellow",
    "retrying": "yellow",
    "waiting": "yellow",
    "duplicate": "yellow",
    "warning": "yellow",
    "rejected": "red",
    "dead": "bold red",
    "refused": "bold red",
    "quarantined": "bold red",
    "wrong": "bold red",
    "allow": "green",
    "annotate": "yellow",
    "drop": "bold red",
    "failed": "bold red",
    "unhandled": "dim",
    "dismissed": "dim",
    "skipped": "dim",
    "disabled": "dim",
    "ignored": "yellow",
}
_WIDEST = 10_000
_LONGEST_UID = 40
"""A UUID, and the longest trigger that is known, are whole."""

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class ShortId:
    """An id in a table, which shows as much of each id as tells it from the others.

    `before` stands in front of it. JSON has ids whole.
    """

    text: str
    before: str = ""


Cell = str | Text | ShortId


def print_json(value: Any) -> None:
    """One JSON document on one line; on a terminal with nothing that it obeys."""
    document = dumps(value)
    if sys.stdout.isatty():
        text = document.decode()
        click.echo("".join(each if is_plain(each) else _in_json(each) for each in text))
    else:
        click.echo(document)


def _in_json(character: str) -> str:
    """A character as it is escaped in JSON, where those above U+FFFF are two."""
    units = character.encode("utf-16-be").hex()
    return "".join(f"\\u{units[start : start + 4]}" for start in range(0, len(units), 4))


def print_pretty_json(value: Any) -> None:
    """One JSON document over as many lines as reading it takes."""
    click.echo(json.dumps(value, indent=2))


def hint(text: str) -> None:
    """Print something for people that is not data, on standard error. That it cannot be read there
    is no reason to end what is being done.
    """
    with suppress(OSError):
        click.echo(text, err=True)


def console(stream: IO[str] | None = None, width: int | None = None) -> Console:
    """A console on `stream` (standard output): coloured on a terminal, elsewhere plain and wide."""
    stream = sys.stdout if stream is None else stream
    if stream.isatty():
        return Console(file=stream, highlight=False, width=width)
    # Not left to rich, which heeds variables such as FORCE_COLOR: who reads a pipe is no terminal.
    return Console(
        file=stream, highlight=False, force_terminal=False, color_system=None, width=_WIDEST
    )


def styled(state: str) -> Text:
    """A state in its colour."""
    return Text(plain(state), style=_STYLES.get(state, ""))


def print_layout(*renderables: RenderableType, width: int | None = None) -> None:
    """Print something laid out for people; without a terminal no line of it ends in blanks."""
    out = console(width=width)
    if out.is_terminal:
        for renderable in renderables:
            out.print(renderable)
        return
    with out.capture() as captured:
        for renderable in renderables:
            out.print(renderable)
    click.echo("\n".join(line.rstrip() for line in captured.get().splitlines()))


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Where a table is folded, a cell with `folds_at` may be folded at so many characters or more; if
    it `jumps`, at exactly so many or not at all. If the table is still too wide, the column with
    the highest `spare` is left out first; a column with 0 stays. Of a cell wider than `most`, which
    a stranger may have written, the beginning is shown.
    """

    name: str
    spare: int = 0
    folds_at: int | None = None
    jumps: bool = False
    most: int | None = None

    def cut(self, cell: Text) -> Text:
        """A cell, or the beginning of one that is wider than any may be."""
        if self.most is None or cell.cell_len <= self.most:
            return cell
        beginning = cell.copy()
        beginning.truncate(self.most, overflow="ellipsis")
        return beginning

    def need(self, cells: Sequence[Text]) -> Need:
        """How wide it has to be for these cells."""
        whole = max([len(self.name), *(cell.cell_len for cell in cells)])
        least = whole if self.folds_at is None else max(len(self.name), self.folds_at)
        return Need(whole, min(least, whole), self.spare, self.jumps)


def time_column(name: str, spare: int = 0) -> Column:
    """A column of times, which are folded between day and time or not at all."""
    return Column(name, spare, folds_at=len("2026-11-21"), jumps=True)


def uid_column(name: str, spare: int = 0, *, uids: int = 1) -> Column:
    """A column of what the sender calls somebody or something, or of the names of `uids` of them
    in one.
    """
    return Column(name, spare, folds_at=12, most=uids * _LONGEST_UID)


def print_table(
    columns: Sequence[Column], rows: Iterable[Sequence[Cell]], *, piped: int | None = None
) -> None:
    """Print a table for people.

    On a terminal it fits the width. Elsewhere it fits `piped` columns if that is given; otherwise
    every cell but an id is whole up to what its column may hold, however wide the table becomes.
    """
    out = console()
    cells = [
        [column.cut(cell) for column, cell in zip(columns, row, strict=True)]
        for row in _texts(list(rows))
    ]
    needs = {
        number: each.need([row[number] for row in cells]) for number, each in enumerate(columns)
    }
    if out.is_terminal:
        # There, a column that is empty all the way down is none.
        needs = {number: needs[number] for number in needs if any(row[number] for row in cells)}
    widths = fitted(needs, out.width if out.is_terminal or piped is None else piped)
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    for number, width in widths.items():
        table.add_column(Text(columns[number].name), width=width, overflow="fold")
    for row in cells:
        table.add_row(*(row[number] for number in widths))
    # A terminal that is narrower than what may not be folded folds the lines itself.
    print_layout(table, width=max(out.width, sum(widths.values()) + GAP * len(widths)))
    if left_out := [columns[number].name for number in needs if number not in widths]:
        hint(f"The terminal is too narrow for: {', '.join(left_out)}. Widen it, or use --json.")


@dataclass(frozen=True, slots=True)
class Listing(Generic[Item]):
    """How a kind of thing is listed, in a table or as JSON lines; `nothing` is said for none."""

    columns: Sequence[Column]
    row: Callable[[Item], Sequence[Cell]]
    document: Callable[[Item], dict[str, Any]]
    nothing: str

    def limit(self, *, as_json: bool, limit: int | None) -> int | None:
        """How many to read: for a table one more than it shows, to know whether there are more."""
        return limit if as_json else (limit or NEWEST) + 1

    def print(self, items: Iterable[Item], *, as_json: bool, limit: int | None) -> None:
        """Print `items`, which come newest first."""
        found = self._print_lines(items) if as_json else self._print_table(items, limit or NEWEST)
        if not found:
            hint(self.nothing)

    def _print_lines(self, items: Iterable[Item]) -> bool:
        found = False
        for item in items:
            print_json(self.document(item))
            found = True
        return found

    def _print_table(self, items: Iterable[Item], limit: int) -> bool:
        shown = list(islice(items, limit + 1))
        if shown:
            print_table(self.columns, [self.row(item) for item in shown[:limit]])
        if len(shown) > limit:
            hint(f"These are the newest {limit}; there are more. --limit N shows N, --json all.")
        return bool(shown)


def text_of(cell: Cell, length: int | None = None) -> Text:
    """A cell as it is printed; an id is whole unless it has a `length`."""
    if isinstance(cell, Text):
        return cell
    if isinstance(cell, ShortId):
        return Text(
            cell.before + plain(cell.text if length is None else shortened(cell.text, length))
        )
    return Text(plain(cell).replace("\n", " "))


def _texts(rows: Sequence[Sequence[Cell]]) -> list[list[Text]]:
    ids = [cell.text for row in rows for cell in row if isinstance(cell, ShortId)]
    length = id_length(ids)
    return [[text_of(cell, length) for cell in row] for row in rows]
