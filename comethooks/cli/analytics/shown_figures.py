"""`comethooks analytics show`: figures as a table with a chart, as JSON lines, or as CSV."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import click

from comethooks.cli.analytics.drawing import print_buckets, print_metrics
from comethooks.cli.analytics.naming import (
    metric_of,
    partial_document,
    require_labels,
    require_size,
)
from comethooks.cli.analytics.periods import Period, period
from comethooks.cli.terminal import filters, options
from comethooks.cli.terminal.output import hint, print_json
from comethooks.cli.terminal.spreadsheets import as_csv_option, print_csv, require_one_form
from comethooks.cli.terminal.stores import Stores, open_stores
from comethooks.workers.analytics.metrics import METRICS, Metric
from comethooks.workers.analytics.sizes import DAY_MS, Size
from comethooks.workers.clock import now_ms
from comethooks.workers.journal import Figure, iso
from comethooks.workers.settings.settings import NAMES
from comethooks.workers.texts import number_of

_KEPT = {Size.MINUTE: "figure_minute_days", Size.HOUR: "figure_hour_days"}
_SEE_METRICS = "comethooks analytics metrics"
_NOTHING = f"No figures found. What is counted: {_SEE_METRICS}"
_DISABLED = (
    "Nothing is counted: COMETHOOKS_DISABLED_PLUGINS names analytics. What was not counted in the"
    " meantime: comethooks analytics rebuild"
)


@click.command(
    epilog=options.examples(
        "comethooks analytics show",
        "comethooks analytics show --metric messages.sent --by type --size day --since 30d",
        "comethooks analytics show --metric latency.read --app 2345abc",
        "comethooks analytics show --metric users.active --size month --csv > users.csv",
    )
)
@click.option("--metric", "name", metavar="NAME", help="Only this metric, bucket by bucket.")
@click.option(
    "--by",
    multiple=True,
    metavar="LABEL",
    help="Tell it apart by this label of the metric, or by app. Repeatable.",
)
@click.option(
    "--size",
    type=click.Choice([size.value for size in Size]),
    help="How long a bucket is; without it an hour, and a day where more than 3 days are shown.",
)
@filters.times("Counted")
@filters.app
@as_csv_option
@options.as_json
def show(
    name: str | None,
    by: tuple[str, ...],
    size: str | None,
    since: int | None,
    until: int | None,
    app: str | None,
    as_csv: bool,
    as_json: bool,
) -> None:
    """Show what was counted: all metrics, or one bucket by bucket.

    Without --since it is the last hour by minute, the last day by hour, the last 30 days by day, or
    the last year by month. A bucket counts whole, in UTC; the last one is not over yet. Figures are
    late by a second or two.
    """
    require_one_form(as_csv=as_csv, as_json=as_json)
    metric = metric_of(name)
    require_labels(metric, by)
    asked = period(None if size is None else Size(size), since, until, now_ms())
    require_size(metric, asked.size)
    with open_stores() as stores:
        found = _read(stores, metric, asked, app, by)
        remarks = list(_remarks(stores, asked))
    if as_json:
        for document in _documents(found):
            print_json(document)
    elif as_csv:
        _print_csv(found)
    elif found:
        _print_tables(metric, found, asked)
    if not found:
        hint(_NOTHING)
    for remark in remarks:
        hint(remark)


def _remarks(stores: Stores, asked: Period) -> Iterator[str]:
    """Why figures may be missing that somebody looks for."""
    if not stores.settings.counts_figures:
        yield _DISABLED
    elif stores.journal.figures.is_anything_left() and (missing := stores.waits_for()):
        yield f"What came last is not counted yet: that waits for {missing}."
    kept = _KEPT.get(asked.size)
    if kept and asked.since < now_ms() - (days := getattr(stores.settings, kept)) * DAY_MS:
        longer = Size.HOUR if asked.size is Size.MINUTE else Size.DAY
        yield (
            f"Figures by {asked.size} are kept for {number_of(days, 'day')}, as {NAMES[kept]} says;"
            f" for older ones there is --size {longer}."
        )


def _read(
    stores: Stores, metric: Metric | None, asked: Period, app: str | None, by: Sequence[str]
) -> dict[Metric, Sequence[Figure]]:
    """The figures of each metric that has any."""
    wanted = METRICS.values() if metric is None else (metric,)
    read = partial(
        stores.journal.figures.read,
        size=asked.size,
        since=asked.since,
        until=asked.until,
        app=app,
        by=by,
    )
    found = {each: read(each.name) for each in wanted if asked.size in each.sizes}
    return {each: figures for each, figures in found.items() if figures}


def _documents(found: Mapping[Metric, Iterable[Figure]]) -> Iterator[dict[str, Any]]:
    for metric, figures in found.items():
        for figure in figures:
            yield {
                "bucket": iso(figure.bucket_ms),
                "app_id": figure.app_id,
                "metric": figure.metric,
                "labels": dict(figure.labels),
                "value": figure.value,
                **partial_document(metric),
            }


def _print_csv(found: Mapping[Metric, Iterable[Figure]]) -> None:
    documents = list(_documents(found))
    labels = list(dict.fromkeys(name for each in documents for name in each["labels"]))
    rows = [
        (
            each["bucket"],
            each["app_id"] or "",
            each["metric"],
            *(each["labels"].get(name, "") for name in labels),
            str(each["value"]),
            "yes" if "partial" in each else "no",
        )
        for each in documents
    ]
    print_csv(("bucket", "app_id", "metric", *labels, "value", "partial"), rows)


def _print_tables(
    metric: Metric | None, found: Mapping[Metric, Sequence[Figure]], asked: Period
) -> None:
    if metric is None:
        print_metrics(found, asked)
        if any(each.partial for each in found):
            hint(f"* in part: {_SEE_METRICS} says why.")
        return
    print_buckets(metric, found[metric], asked)
    hint(metric.sentence)
    if metric.partial:
        hint(f"In part: {metric.partial}")
