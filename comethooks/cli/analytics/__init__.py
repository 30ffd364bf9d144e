"""`comethooks analytics`: figures of what is in the journal."""

from typing import Any

import click

from comethooks.cli.analytics.naming import partial_document
from comethooks.cli.terminal import options
from comethooks.cli.terminal.lazy_group import LazyGroup
from comethooks.cli.terminal.output import Column, hint, print_json, print_table
from comethooks.workers.analytics.metrics import METRICS, Metric

_MODULES = {"show": "shown_figures", "rebuild": "rebuilding"}
"""The commands that are in modules of their own."""


@click.group(cls=LazyGroup, package=__name__, modules=_MODULES)
def analytics() -> None:
    """Show figures: how many messages, calls and users, and when."""


@analytics.command(epilog=options.examples("comethooks analytics metrics --json"))
@options.as_json
def metrics(as_json: bool) -> None:
    """List the metrics: what each counts, and its labels."""
    if as_json:
        for metric in METRICS.values():
            print_json(_document(metric))
        return
    rows = [
        (
            f"{metric.name} *" if metric.partial else metric.name,
            ", ".join(metric.labels),
            metric.unit,
            metric.sentence,
        )
        for metric in METRICS.values()
    ]
    columns = (
        Column("METRIC"),
        Column("LABELS", folds_at=10),
        Column("UNIT", spare=1),
        Column("COUNTS", folds_at=24),
    )
    print_table(columns, rows)
    reasons = dict.fromkeys(metric.partial for metric in METRICS.values() if metric.partial)
    hint("\n".join(("* CometChat does not tell all of it:", *(f"  {each}" for each in reasons))))


def _document(metric: Metric) -> dict[str, Any]:
    return {
        "metric": metric.name,
        "labels": list(metric.labels),
        "unit": metric.unit,
        "sizes": [size.value for size in metric.sizes],
        "counts": metric.sentence,
        **partial_document(metric),
    }
