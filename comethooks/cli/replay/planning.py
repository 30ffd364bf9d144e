"""What is to be replayed: the options that say so, and the plan that is made of them."""

import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import click

from comethooks.cli.events.importing import lines_of
from comethooks.cli.replay.progress import counted
from comethooks.cli.terminal import filters
from comethooks.cli.terminal.details import moment, print_text
from comethooks.cli.terminal.output import Column, hint, print_table
from comethooks.cli.terminal.sources import Sources
from comethooks.files.imported import LineError, event_in
from comethooks.workers import logs
from comethooks.workers.journal import Filter
from comethooks.workers.journal.replaying.replay_request import Choice, ReplayRequest
from comethooks.workers.journal.replaying.replayable import known
from comethooks.workers.journal.times import iso
from comethooks.workers.plugins.loaded import Plugins
from comethooks.workers.plugins.loading import load_plugins
from comethooks.workers.record import Record
from comethooks.workers.replays.selection import Plan, journalled, plan_of

_BATCH = 500

_Function = TypeVar("_Function", bound=Callable[..., Any])


def what(function: _Function) -> _Function:
    """The options that say what is to be replayed."""
    for option in reversed(
        (
            filters.about,
            filters.status,
            filters.within,
            click.option(
                "--handler", "handlers", multiple=True, metavar="PLUGIN.FUNCTION",
                help="Only this handler; repeatable. Without it, all that match.",
            ),
            click.option(
                "--include", "included", multiple=True, metavar="PLUGIN.FUNCTION",
                help="Run this one too, which may not be safe to repeat; repeatable.",
            ),
            click.option("--dead", is_flag=True, help="Only where the live run is dead."),
            click.option("--missing", is_flag=True, help="Only what the handler has never run on."),
            click.option(
                "--file", metavar="FILE",
                type=click.Path(exists=True, dir_okay=False, path_type=Path),
                help="The events of this file, written by `events export`, and no others.",
            ),
            click.option(
                "--rate", type=click.FloatRange(min=0, min_open=True), metavar="N",
                help="At most N events a second.",
            ),
            click.option(
                "--refused", is_flag=True,
                help="Instead: refused requests through the schemas again; what fits now becomes an"
                " event.",
            ),
        )
    ):  # fmt: skip
        function = option(function)
    return function


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be replayed, with the plugins that were found. `asking` are handlers that are not
    included.
    """

    request: ReplayRequest
    plugins: Plugins
    asking: frozenset[str]
    file: Path | None
    rate: float | None

    def plan(self, sources: Sources) -> Plan:
        """What that comes to."""
        engine = sources.journal.engine
        if self.file is None:
            found = journalled(engine, self.request)
        else:
            found = (each for batch in records_in(self.file) for each in known(engine, batch))
        return plan_of(self.request, self.plugins, found, self.asking)

    def state_of(self, handler: str) -> str:
        """What is to become of the runs of a handler."""
        if handler in self.request.never:
            return "skipped: it may never be replayed"
        return "left out: --include it if it may be repeated" if handler in self.asking else "run"


def asked_of(
    sources: Sources,
    now: int,
    *,
    handlers: tuple[str, ...],
    included: tuple[str, ...],
    dead: bool,
    missing: bool,
    file: Path | None,
    rate: float | None,
    **about: Any,
) -> Asked:
    """What the options mean. What cannot be meant is wrong use.

    What is received from `now` (milliseconds) on is no part of it.
    """
    if dead and missing:
        raise click.UsageError("--dead and --missing exclude each other")
    asked = filters.asked(**about)
    if file is not None and asked != Filter():
        raise click.UsageError(
            "--file takes all events of the file; leave out the options that choose events"
        )
    plugins = _plugins(sources)
    declared = {handler.id: handler.handler.replay for handler in plugins.handlers}
    for handler in (*handlers, *included):
        if handler not in declared:
            raise click.UsageError(f"no handler is called {handler}; see: comethooks plugins list")
    chosen = {
        handler: replay
        for handler, replay in declared.items()
        if not handlers or handler in handlers
    }
    for handler in included:
        if handler not in chosen:
            raise click.UsageError(f"--include {handler} is not among the handlers of --handler")
        if chosen[handler] == "never":
            raise click.UsageError(f'{handler} declares replay="never": it cannot be included')
    asking = {
        handler for handler, replay in chosen.items() if replay == "ask" and handler not in included
    }
    never = {handler for handler, replay in chosen.items() if replay == "never"}
    if file is None and (asked.until is None or asked.until > now):
        asked = replace(asked, until=now)
    request = ReplayRequest(
        asked=asked,
        handlers=frozenset(chosen.keys() - asking - never),
        never=frozenset(never),
        choice=Choice.DEAD if dead else Choice.MISSING if missing else Choice.ALL,
        from_file=file is not None,
    )
    return Asked(request, plugins, frozenset(asking), file, rate)


def records_in(file: Path, read: Callable[[bytes], Record] = event_in) -> Iterator[list[Record]]:
    """The events of a file, some at a time, each once. A line that is none is named, and left
    out.
    """
    batch: list[Record] = []
    seen: set[str] = set()
    with file.open("rb") as opened:
        for number, line in enumerate(lines_of(opened), 1):
            try:
                record = read(line) if line.strip() else None
            except LineError as error:
                hint(f"line {number}: {error}")
                continue
            if record is not None and record.id not in seen:
                seen.add(record.id)
                batch.append(record)
            if len(batch) >= _BATCH:
                yield batch
                batch = []
    if batch:
        yield batch


def plan_document(asked: Asked, plan: Plan) -> dict[str, Any]:
    """A plan in JSON."""
    return {
        "events": plan.events,
        "runs": runs_of(asked, plan),
        "skipped": _skipped_of(asked, plan),
        "oldest": None if plan.oldest is None else iso(plan.oldest),
        "newest": None if plan.newest is None else iso(plan.newest),
        "rate": asked.rate,
        "seconds": None if asked.rate is None else plan.events / asked.rate,
        "handlers": [
            {
                "handler": handler.id,
                "replay": handler.handler.replay,
                "included": handler.id in asked.request.handlers,
                "runs": plan.runs[handler.id],
            }
            for handler in asked.plugins.handlers
            if plan.runs[handler.id]
        ],
    }


def runs_of(asked: Asked, plan: Plan) -> int:
    """How many runs would be made."""
    return sum(count for handler, count in plan.runs.items() if handler in asked.request.handlers)


def why_nothing(asked: Asked, plan: Plan) -> str:
    """What to say of a plan that has no run."""
    left_out = sorted(plan.runs.keys() & asked.asking)
    if left_out:
        return f"nothing is run without --include: {', '.join(left_out)} may not be safe to repeat"
    return "Nothing to replay."


def print_plan(asked: Asked, plan: Plan) -> None:
    """A plan for people."""
    if plan.runs:
        rows = [
            (
                handler.id,
                str(plan.runs[handler.id]),
                handler.handler.replay,
                asked.state_of(handler.id),
            )
            for handler in asked.plugins.handlers
            if plan.runs[handler.id]
        ]
        print_table(
            (Column("HANDLER", folds_at=16), Column("RUNS"), Column("REPLAY"), Column("WHAT")), rows
        )
    print_text(summary(asked, plan))


def summary(asked: Asked, plan: Plan) -> str:
    """A plan in a sentence."""
    runs = runs_of(asked, plan)
    if not runs:
        return why_nothing(asked, plan)
    counts = counted(plan.events, runs, _skipped_of(asked, plan))
    received = f"received from {moment(plan.oldest)} to {moment(plan.newest)}"
    if asked.rate is None:
        return f"{counts}; {received}; as fast as it goes (--rate N: N events a second)."
    return (
        f"{counts}; {received}; {plan.events / asked.rate:.0f} seconds at {asked.rate:g} events a"
        " second."
    )


def _skipped_of(asked: Asked, plan: Plan) -> int:
    return sum(count for handler, count in plan.runs.items() if handler in asked.request.never)


def _plugins(sources: Sources) -> Plugins:
    logs.configure(sources.settings.log_format)
    with redirect_stdout(sys.stderr):  # what a plugin prints when it is imported is no data of ours
        return load_plugins(sources.settings)
