"""Runs by themselves: a table, and below it the attempts, the effects and the traceback of each."""

from collections.abc import Sequence

from comethooks.cli.terminal.details import indented, print_section, print_text
from comethooks.cli.terminal.moments import due_in, duration, moment, precise
from comethooks.cli.terminal.output import Cell, Column, print_table, styled, time_column
from comethooks.workers.clock import now_ms
from comethooks.workers.journal import Attempt, StoredRun
from comethooks.workers.states import RunMode
from comethooks.workers.texts import plain, without_secrets


def print_runs(runs: Sequence[StoredRun]) -> None:
    """A table of runs; below it what each waits for, its attempts, effects and traceback."""
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
            print_text(indented(without_secrets("\n".join(effects))))
        if run.traceback:
            print_section(f"Traceback of {_named(run)}")
            print_text(indented(without_secrets(run.traceback)))


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
    """The effects of a run, with the number of the attempt if there were several."""
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
        styled(run.state.value).append(" (dry)" if run.mode is RunMode.DRY else ""),
        due_in(run.next_at, now_ms()),
        str(run.attempts),
        moment(run.started_at),
        _took(run),
        without_secrets(run.error or ""),
    )
