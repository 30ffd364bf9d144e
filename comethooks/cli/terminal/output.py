"""What commands print: data on standard output, as JSON lines or for people; everything else on
standard error.
"""

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import IO, Any, Generic, TypeVar

import click
from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from comethooks.cli.terminal.texts import plain
from comethooks.webhooks.problems import dumps

NEWEST = 50
"""Rows of a listing for people, unless `--limit` says otherwise."""

_STYLES = {
    "done": "green",
    "accepted": "green",
    "loaded": "green",
    "ok": "green",
    "queued": "cyan",
    "pending": "cyan",
    "running": "cyan",
    "retrying": "yellow",
    "waiting": "yellow",
    "duplicate": "yellow",
    "warning": "yellow",
    "dead": "bold red",
    "refused": "bold red",
    "quarantined": "bold red",
    "wrong": "bold red",
    "unhandled": "dim",
    "dismissed": "dim",
    "skipped": "dim",
    "disabled": "dim",
    "ignored": "yellow",
}
_WIDEST = 10_000
_GAP = 2
_SECONDS_BETWEEN_LINES = 2.0

Item = TypeVar("Item")
Cell = str | Text


def print_json(value: Any) -> None:
    """One JSON document on one line."""
    click.echo(dumps(value))


def print_pretty_json(value: Any) -> None:
    """One JSON document over as many lines as reading it takes."""
    click.echo(json.dumps(value, indent=2))


def hint(text: str) -> None:
    """Something for people that is no data."""
    click.echo(text, err=True)


def console(stream: IO[str] | None = None, width: int | None = None) -> Console:
    """A console on `stream`, by default standard output: coloured on a terminal; elsewhere plain
    and very wide.
    """
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
    """Something laid out for people; no line of it ends in blanks where there is no terminal."""
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

    On a terminal a cell is folded where that is allowed, at `folds_at` characters or more. If the
    table is too wide all the same, the column with the highest `spare` goes first; 0 stays.
    """

    name: str
    spare: int = 0
    folds_at: int | None = None


def print_table(columns: Sequence[Column], rows: Iterable[Sequence[Cell]]) -> None:
    """A table for people. Elsewhere than on a terminal every cell is whole, however wide that makes
    it.
    """
    out = console()
    cells = [[_cell(value) for value in row] for row in rows]
    widths = _widths(columns, cells)
    # On a terminal, a column that is empty all the way down is none.
    shown = [
        index
        for index in range(len(columns))
        if not out.is_terminal or any(row[index] for row in cells)
    ]
    left_out = []
    while (needed := sum(widths[index] + _GAP for index in shown) - _GAP) > out.width:
        most = max(shown, key=lambda index: columns[index].spare)
        if not columns[most].spare:
            break
        shown.remove(most)
        left_out.append(columns[most].name)
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="bold")
    for index in shown:
        column = columns[index]
        table.add_column(Text(column.name), no_wrap=column.folds_at is None, overflow="fold")
    for row in cells:
        table.add_row(*(row[index] for index in shown))
    # A terminal that is narrower than what may not be folded folds the lines itself.
    print_layout(table, width=max(needed, out.width))
    if left_out:
        hint(f"The terminal is too narrow for: {', '.join(left_out)}. Widen it, or use --json.")


@dataclass(frozen=True, slots=True)
class Listing(Generic[Item]):
    """How a kind of thing is listed: as a table of the newest, or as JSON lines. `nothing` is said
    for none.
    """

    columns: Sequence[Column]
    row: Callable[[Item], Sequence[Cell]]
    document: Callable[[Item], dict[str, Any]]
    nothing: str

    def limit(self, *, as_json: bool, limit: int | None) -> int | None:
        """How many to read: for a table one more than are shown, to know whether there are more."""
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


@contextmanager
def progress(total: int | None, what: str) -> Iterator[Callable[[], None]]:
    """Show how far long work is: a bar on a terminal, a line now and then elsewhere.

    It has `total` steps; None when nobody knows.
    """
    if sys.stderr.isatty():
        columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console(sys.stderr), transient=True) as bar:
            task = bar.add_task(what, total=total)
            yield lambda: bar.advance(task)
    else:
        yield _Lines(total, what).advance


class _Lines:
    """Progress as lines: one every two seconds, and one at the end that is known."""

    def __init__(self, total: int | None, what: str) -> None:
        self._total, self._what = total, what
        self._done = 0
        self._next = time.monotonic() + _SECONDS_BETWEEN_LINES

    def advance(self) -> None:
        self._done += 1
        if time.monotonic() >= self._next or self._done == self._total:
            self._next = time.monotonic() + _SECONDS_BETWEEN_LINES
            hint(f"{self._what} {self._done}{'' if self._total is None else f' of {self._total}'}")


def _cell(value: Cell) -> Text:
    return value if isinstance(value, Text) else Text(plain(value).replace("\n", " "))


def _widths(columns: Sequence[Column], rows: Sequence[Sequence[Text]]) -> list[int]:
    """How wide each column has to be: for all of its longest cell, or where that may be folded."""
    widths = []
    for index, column in enumerate(columns):
        longest = max((row[index].cell_len for row in rows), default=0)
        folded = longest if column.folds_at is None else min(longest, column.folds_at)
        widths.append(max(folded, len(column.name)))
    return widths
