"""What a replay would do, in JSON and for people."""

from typing import Any

from comethooks.cli.replay.choosing import Planned
from comethooks.cli.replay.progress import counted
from comethooks.cli.terminal.details import print_text
from comethooks.cli.terminal.moments import moment
from comethooks.cli.terminal.output import Column, print_table
from comethooks.workers.journal import iso
from comethooks.workers.plugins.loaded import BoundHandler
from comethooks.workers.replays.plans import Plan
from comethooks.workers.texts import number_of


def plan_document(planned: Planned) -> dict[str, Any]:
    """A plan in JSON."""
    plan, rate = planned.plan, planned.rate
    return {
        "events": plan.events,
        "runs": plan.runs,
        "skipped": plan.skipped,
        "oldest": None if plan.oldest is None else iso(plan.oldest),
        "newest": None if plan.newest is None else iso(plan.newest),
        "rate": rate,
        "seconds": None if rate is None else plan.events / rate,
        "handlers": [
            {
                "handler": handler.id,
                "replay": handler.handler.replay,
                "included": handler.id in plan.selection.consent.granted,
                "runs": plan.by_handler[handler.id],
            }
            for handler in _handlers(plan)
        ],
    }


def print_plan(planned: Planned) -> None:
    """A plan for people."""
    plan = planned.plan
    if plan.by_handler:
        rows = [
            (
                handler.id,
                str(plan.by_handler[handler.id]),
                handler.handler.replay,
                _fate(plan, handler.id),
            )
            for handler in _handlers(plan)
        ]
        print_table(
            (Column("HANDLER", folds_at=16), Column("RUNS"), Column("REPLAY"), Column("WHAT")), rows
        )
    print_text(_summary(planned))


def _summary(planned: Planned) -> str:
    """A plan in a sentence."""
    plan, rate = planned.plan, planned.rate
    if not plan.runs:
        return why_nothing(plan)
    counts = counted(plan.events, plan.runs, plan.skipped)
    received = f"received from {moment(plan.oldest)} to {moment(plan.newest)}"
    if rate is None:
        return f"{counts}; {received}; as fast as it goes (--rate N: N events a second)."
    takes = number_of(round(plan.events / rate), "second")
    return f"{counts}; {received}; {takes} at {number_of(rate, 'event')} a second."


def why_nothing(plan: Plan) -> str:
    """What to say of a plan that has no run."""
    names = ", ".join(plan.left_out)
    if names and plan.considered:
        return (
            f"Nothing to do. Left out without --include: {names}, which may not be safe to repeat."
        )
    if names:
        return f"nothing is run without --include: {names} may not be safe to repeat"
    if plan.skipped:
        never = sorted(plan.by_handler.keys() & plan.selection.consent.never)
        return f"Nothing to do: {', '.join(never)} may never be replayed."
    return "Nothing to do: of the events that are kept, none calls for such a run."


def _fate(plan: Plan, handler: str) -> str:
    """What is to become of the runs of a handler."""
    if handler in plan.selection.consent.never:
        return "skipped: it may never be replayed"
    if handler in plan.selection.consent.left_out:
        return "left out: --include it if it may be repeated"
    return "run"


def _handlers(plan: Plan) -> list[BoundHandler]:
    return [each for each in plan.selection.plugins.handlers if plan.by_handler[each.id]]
