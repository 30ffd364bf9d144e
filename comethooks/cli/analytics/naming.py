"""Metrics, labels and sizes as they are named on the command line; what there is none of is wrong
use, and says what there is.
"""

from collections.abc import Collection, Iterable
from typing import Any

import click

from comethooks.workers.analytics.metrics import METRICS, Metric
from comethooks.workers.analytics.sizes import Size
from comethooks.workers.journal import APP
from comethooks.workers.texts import meant

_SEE = "see: comethooks analytics metrics"


def metric_of(name: str | None) -> Metric | None:
    """The metric of that name; None where none is named."""
    if name is None:
        return None
    if name not in METRICS:
        raise click.UsageError(f"no metric is called {name!r}; {meant(name, METRICS) or _SEE}")
    return METRICS[name]


def require_labels(metric: Metric | None, by: Collection[str]) -> None:
    """End the command unless figures of `metric`, or of all, can be told apart by each of `by`."""
    if metric is None:
        if by:
            raise click.UsageError("--by needs --metric: each metric has labels of its own")
        return
    known = (*metric.labels, APP)
    for name in by:
        if name not in known:
            raise click.UsageError(
                f"{metric.name} has no label {name!r}; --by may be {_either(known)}"
            )


def require_size(metric: Metric | None, size: Size) -> None:
    """End the command unless there are buckets of `metric` of that size."""
    if metric is not None and size not in metric.sizes:
        raise click.UsageError(
            f"{metric.name} is not counted by {size}; --size may be {_either(metric.sizes)}"
        )


def partial_document(metric: Metric) -> dict[str, Any]:
    """What JSON has of a metric that CometChat does not tell all of; nothing of others."""
    return {} if metric.partial is None else {"partial": True, "why": metric.partial}


def _either(words: Iterable[str]) -> str:
    *others, last = words
    return f"{', '.join(others)} or {last}" if others else last
