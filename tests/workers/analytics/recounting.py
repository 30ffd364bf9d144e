"""All figures of a journal, and a plain count of its events to hold against them."""

import math
from collections.abc import Mapping

from comethooks.files.json_lines import json_line
from comethooks.workers.analytics.metrics import METRICS
from comethooks.workers.journal import APP, Journal, iso
from tests.workers.analytics.plain import Key, plain_figures

_EVER = 2**52


def figures_of(journal: Journal) -> dict[Key, float]:
    """All figures of all sizes, by every label and app."""
    found: dict[Key, float] = {}
    for metric in METRICS.values():
        by = (*metric.labels, APP)
        for size in metric.sizes:
            for each in journal.figures.read(
                metric.name, size=size, since=0, until=_EVER, app=None, by=by
            ):
                start = f"{iso(each.bucket_ms)[:16]}Z"
                key = (each.metric, size.value, start, each.app_id or "")
                found[(*key, tuple(each.labels.values()))] = each.value
    return found


def recounted(journal: Journal) -> dict[Key, float]:
    """What a plain count of its events gives."""
    return plain_figures(map(json_line, journal.whole_events()))


def differences(found: Mapping[Key, float], expected: Mapping[Key, float]) -> dict[Key, object]:
    """Where two counts differ, and what each has."""
    return {
        key: (found.get(key), expected.get(key))
        for key in sorted({*found, *expected})
        if not _agree(key[0], found.get(key, math.inf), expected.get(key, 0))
    }


def _agree(metric: str, found: float, expected: float) -> bool:
    """What was measured may be wrong by 2 %, and is told in milliseconds."""
    error = 0.02 * expected if metric.startswith("latency.") else 0
    return abs(found - expected) <= error + 0.001
