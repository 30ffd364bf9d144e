"""`comethooks analytics rebuild`: the figures again, from the events that are kept."""

import time
from collections.abc import Iterator, Mapping, Sequence

import click

from comethooks.cli.analytics.periods import check_past, written
from comethooks.cli.terminal import filters, options
from comethooks.cli.terminal.asking import ask, require_answer, yes_option
from comethooks.cli.terminal.bars import progress
from comethooks.cli.terminal.output import hint, print_json
from comethooks.cli.terminal.stores import open_stores
from comethooks.workers.analytics.sizes import DAY_MS, Size
from comethooks.workers.clock import now_ms
from comethooks.workers.journal import FigureJournal, KeptBuckets, RebuildPlan, iso
from comethooks.workers.settings.settings import Settings
from comethooks.workers.supervision.retention_sweep import kept_figures
from comethooks.workers.texts import number_of


@click.command(
    epilog=options.examples(
        "comethooks analytics rebuild",
        "comethooks analytics rebuild --since 2026-11-01 --until 2026-11-08 --yes --json",
    )
)
@filters.times("Only days that begin")
@yes_option
@options.as_json
def rebuild(since: int | None, until: int | None, yes: bool, as_json: bool) -> None:
    """Count again what is kept, and replace figures by that.

    Only whole days are replaced of which all events are kept with their bodies; the others are
    named and stay as they are. Everything else may run meanwhile. The figures change at the end,
    all at once; when it is stopped before, the same command goes on where it was.
    """
    check_past(since, until, now_ms())
    require_answer("rebuild without being asked", yes=yes)
    with open_stores() as stores:
        figures, kept = stores.journal.figures, kept_figures(stores.settings)
        plan = _plan(figures, stores.settings, since, until)
        alone = figures.left_alone(plan, kept)
        first, end = plan.replaced(Size.DAY)
        if first >= min(end, now_ms()):
            where = "is kept" if since is None and until is None else "was asked for"
            raise click.ClickException(
                f"in what {where} there is no whole day of which all events are kept with their"
                " bodies; the figures stay as they are"
            )
        for line in _said_of(alone):
            hint(line)
        ask(f"Count again from {_day(first)} on, and replace those figures?", yes=yes)
        began = time.monotonic()
        resumed = figures.begin_rebuild(plan)
        count = _work(figures, kept, resumed=resumed)
        seconds = round(time.monotonic() - began, 3)
    if as_json:
        starts = {size.value: [*map(iso, buckets)] for size, buckets in alone.items()}
        known = {"since": iso(first), "until": iso(end) if until is not None else None}
        more = {"events": count, "resumed": resumed, "seconds": seconds}
        print_json({**known, **more, "left_alone": starts})
    else:
        click.echo(f"Figures rebuilt from {_day(first)} on: {number_of(count, 'event')} counted.")


def _plan(
    figures: FigureJournal, settings: Settings, since: int | None, until: int | None
) -> RebuildPlan:
    """What is replaced. A rebuild of the same time that is under way goes on as it began."""
    asked = {name: at for name, at in (("since", since), ("until", until)) if at is not None}
    bodies_since = now_ms() - settings.payload_retention_days * DAY_MS
    plan = figures.plan_rebuild(**asked, bodies_since=bodies_since)
    begun = figures.rebuild_under_way()
    same = begun is not None and (begun.since, begun.until) == (plan.since, plan.until)
    return begun if begun is not None and same else plan


def _work(figures: FigureJournal, kept: KeptBuckets, *, resumed: bool) -> int:
    """Go on until it is done; returns how many events were read."""
    if resumed:
        hint("It goes on where it was stopped.")
    count = 0
    try:
        with progress(None, "counted") as advance:
            while not (step := figures.rebuild_step(kept)).done:
                count += step.count
                advance(step.count)
    except KeyboardInterrupt:
        hint("Stopped; the figures are as they were. To go on, give the same command again.")
        raise
    return count


def _said_of(alone: Mapping[Size, Sequence[int]]) -> Iterator[str]:
    """What is told of buckets that stay as they are."""
    for size, starts in alone.items():
        first, last = (written(size, iso(start)) for start in (min(starts), max(starts)))
        between = first if first == last else f"{first} to {last}"
        buckets = number_of(len(starts), size.value)
        yield f"Left alone, since only part of it is kept or asked for: {buckets}, {between}."


def _day(ms: int) -> str:
    return iso(ms)[:10]
