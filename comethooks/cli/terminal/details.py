"""One thing by itself, laid out for people: facts, sections, what is wrong in it, the payload."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.highlighter import JSONHighlighter
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from comethooks.cli.terminal.moments import moment
from comethooks.cli.terminal.output import (
    Cell,
    Column,
    console,
    print_layout,
    print_table,
    styled,
    text_of,
    time_column,
)
from comethooks.cli.terminal.texts import payload
from comethooks.schemas import Drift, Vote
from comethooks.workers.journal import StoredOnce
from comethooks.workers.texts import plain, without_secrets

_INDENT = "    "


def print_title(kind: str, identifier: str, facts: Iterable[tuple[str, Cell | None]]) -> None:
    """A panel with what is known of one thing; a fact that is None or empty is left out."""
    grid = _grid(facts)
    title = Text(f"{kind} {identifier}", style="bold")
    if console().is_terminal:
        print_layout(Panel(grid, title=title, title_align="left"))
    else:
        print_layout(title, grid)


def print_facts(facts: Iterable[tuple[str, Cell | None]]) -> None:
    """What is known of one thing, below a heading; what is None or empty is left out."""
    print_layout(_grid(facts))


def print_section(title: str) -> None:
    """The heading of a section."""
    console().print(Text(f"\n{title}", style="bold"))


def print_text(text: str | Text) -> None:
    """Text as it is, however long its lines."""
    console().print(Text(plain(text)) if isinstance(text, str) else text, soft_wrap=True)


def print_payload(body: bytes | None) -> None:
    """What a body holds; as text when it is no JSON object."""
    if body is None:
        print_text("The body was not kept.")
        return
    shown = payload(body)
    if isinstance(shown, str):
        print_text(indented(shown) if shown else f"{_INDENT}(empty)")
    else:
        print_text(JSONHighlighter()(plain(json.dumps(shown, indent=2, ensure_ascii=False))))


def print_errors(errors: Mapping[str, Any]) -> None:
    """What is wrong in a body, by path."""
    print_table(
        (Column("PATH"), Column("PROBLEM", folds_at=24)),
        [
            (path, "; ".join(map(str, texts)) if isinstance(texts, list) else str(texts))
            for path, texts in errors.items()
        ],
    )


def print_drift(found: Iterable[Drift]) -> None:
    """What is not as expected in a body, by path."""
    print_table(
        (Column("KIND"), Column("PATH", folds_at=24)),
        [(each.kind.value, each.path) for each in found],
    )


def print_once(keys: Sequence[StoredOnce]) -> None:
    """The side effects that happen at most once, and what is known of each; nothing if none."""
    if keys:
        print_section("At most once")
        print_table(
            (
                Column("KEY", folds_at=24),
                Column("STATE"),
                Column("HANDLER", folds_at=16),
                time_column("AT", spare=1),
            ),
            [(each.key, styled(each.state.value), each.handler, moment(each.at)) for each in keys],
        )


def print_votes(votes: Sequence[Vote]) -> None:
    """What each decider said of a message in flight; nothing if none was asked."""
    if votes:
        print_section("Deciders")
        print_table(
            (
                Column("DECIDER", folds_at=16),
                Column("SAID"),
                Column("TOOK", spare=1),
                Column("COUNTED"),
                Column("WHY", folds_at=24),
            ),
            [
                (
                    vote.decider,
                    styled("failed" if vote.error else vote.verdict or "nothing"),
                    f"{vote.ms:.1f} ms",
                    "no, in shadow" if vote.shadow else "no" if vote.verdict is None else "yes",
                    _why(vote),
                )
                for vote in votes
            ],
        )


def _why(vote: Vote) -> str:
    why = without_secrets(vote.error or vote.reason or "")
    return why if vote.confidence == 1 else f"{why} (confidence {vote.confidence:g})".lstrip()


def indented(text: str) -> str:
    """Text below a heading."""
    return "\n".join(f"{_INDENT}{line}" for line in text.rstrip("\n").split("\n"))


def _grid(facts: Iterable[tuple[str, Cell | None]]) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in facts:
        if value:
            grid.add_row(name, text_of(value))
    return grid
