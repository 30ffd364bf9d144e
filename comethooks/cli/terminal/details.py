"""One thing by itself, laid out for people: facts, runs with their tracebacks, the payload."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.highlighter import JSONHighlighter
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

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
from comethooks.cli.terminal.texts import payload, plain, without_secrets
from comethooks.schemas import Drift
from comethooks.workers.clock import now_ms
from comethooks.workers.journal import Attempt, StoredOnce, StoredRun
from comethooks.workers.journal.times import iso

_INDENT = "    "
_UNITS = ((2 * 86_400, 86_400, "d"), (2 * 3600, 3600, "h"), (2 * 60, 60, "m"), (0, 1, "s"))
"""From how many seconds on a time is written in which unit, and how many seconds that has."""


def moment(ms: int | None) -> str:
    """An instant for people: UTC, to the second; empty when there is none."""
    return "" if ms is None else f"{iso(ms)[:19]}Z"


def precise(ms: int | None) -> str:
    """An instant for people who compare: UTC, to the millisecond; empty when there is none."""
    return "" if ms is None else iso(ms)


def print_title(kind: str, identifier: str, facts: Iterable[tuple[str, Cell | None]]) -> None:
    """A panel with what is known of one thing; a fact that is None or empty is left out."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in facts:
        if value:
            grid.add_row(name, text_of(value))
    title = Text(f"{kind} {identifier}", style="bold")
    if console().is_terminal:
        print_layout(Panel(grid, title=title, title_align="left"))
    else:
        print_layout(title, grid)


def print_section(title: str) -> None:
    """The heading of a section."""
    console().print(Text(f"\n{title}", style="bold"))


def print_text(text: str | Text) -> None:
    """Text as it is, however long its lines."""
    console().print(Text(plain(text)) if isinstance(text, str) else text, soft_wrap=True)


def print_runs(runs: Sequence[StoredRun]) -> None:
    """A table of runs; below it what each waits for, its attempts, what it did to the outside, its
    traceback.
    """
    columns = [
        Column("HANDLER", folds_at=16),
        Column("STATE"),
        Column("NEXT"),
        Column("ATTEMPTS", spare=2),
        time_column("STARTED", spare=1),
        Column("TOOK", spare=3),
        Column("ERROR", folds_at=20),
        Column("VERSION", spare=4),
    ]
    if any(run.replay is not None for run in runs):
        columns.append(Column("REPLAY", folds_at=16))
    rows = [(*run_cells(run), run.version or "", run.replay or "")[: len(columns)] for run in runs]
    print_table(columns, rows)
    for run in runs:
        if run.waits_for:
            print_text(
                f"{_named(run)} waits for its run on the event {run.waits_for} to be done or"
                " dismissed."
            )
    for run in runs:
        if len(run.attempts_made) > 1:
            print_section(f"Attempts of {_named(run)}")
            _print_attempts(run.attempts_made)
        if effects := _effects(run):
            print_section(f"Effects of {_named(run)}")
            print_text(_indented(without_secrets("\n".join(effects))))
        if run.traceback:
            print_section(f"Traceback of {_named(run)}")
            print_text(_indented(without_secrets(run.traceback)))


def _print_attempts(attempts: Sequence[Attempt]) -> None:
    print_table(
        (
            Column("NUMBER"),
            Column("STATE"),
            time_column("STARTED", spare=1),
            Column("TOOK", spare=2),
            Column("ERROR", folds_at=24),
        ),
        [
            (
                str(each.number),
                styled(each.state.value),
                precise(each.started_at),
                _took(each),
                without_secrets(each.error or ""),
            )
            for each in attempts
        ],
    )


def _effects(run: StoredRun) -> Sequence[str]:
    """What a run did to the outside, with the number of the attempt when there were several."""
    if len(run.attempts_made) < 2:
        return run.effects
    return [
        f"{attempt.number}: {line}" for attempt in run.attempts_made for line in attempt.effects
    ]


def _took(timed: StoredRun | Attempt) -> str:
    if timed.started_at is None or timed.finished_at is None:
        return ""
    return duration(timed.finished_at - timed.started_at)


def _named(run: StoredRun) -> str:
    return f"{plain(run.handler)}{f' in replay {plain(run.replay)}' if run.replay else ''}"


def run_cells(run: StoredRun) -> tuple[Cell, ...]:
    """A run in a table: handler, state, when it is due again, attempts, start, duration, error."""
    return (
        run.handler,
        styled(run.state.value),
        due_in(run.next_at, now_ms()),
        str(run.attempts),
        moment(run.started_at),
        _took(run),
        without_secrets(run.error or ""),
    )


def print_payload(body: bytes | None) -> None:
    """What a body holds; as text when it is no JSON object."""
    if body is None:
        print_text("The body was not kept.")
        return
    shown = payload(body)
    if isinstance(shown, str):
        print_text(_indented(shown) if shown else f"{_INDENT}(empty)")
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
    """The side effects that are to happen at most once, and what is known of each; nothing when
    there is none.
    """
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


def duration(ms: int) -> str:
    """How long something took."""
    return f"{ms} ms" if ms < 10_000 else f"{ms / 1000:.1f} s"


def due_in(ms: int | None, now: int) -> str:
    """How long it is until something is due, as short as durations are written; empty when it never
    is.
    """
    if ms is None:
        return ""
    seconds = (ms - now) / 1000
    if seconds <= 0:
        return "now"
    length, unit = next((length, unit) for least, length, unit in _UNITS if seconds >= least)
    return f"in {math.ceil(seconds / length)}{unit}"


def _indented(text: str) -> str:
    return "\n".join(f"{_INDENT}{line}" for line in text.rstrip("\n").split("\n"))
