"""What is counted here, and what Redis says, as Prometheus text.

Under gunicorn every worker process counts in files of PROMETHEUS_MULTIPROC_DIR, and whichever answers a
scrape adds them up. Labels have few values: a trigger that we do not know is "other".
"""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from schemas import TRIGGERS
from workers.overview import Overview

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
MULTIPROCESS_DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"
"""The environment variable by which prometheus-client knows that several processes count together."""

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0)
"""Seconds. CometChat gives up after the last one."""


class Metrics:
    """The counters of this process. Every application has its own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "comethooks_requests",
            "Requests to a webhook, by what became of them.",
            ["outcome", "trigger"],
            registry=self._registry,
        )
        self._failures = Counter(
            "comethooks_failures",
            "Unexpected exceptions while a request was served.",
            registry=self._registry,
        )
        self._accept_seconds = Histogram(
            "comethooks_accept_seconds",
            "From the first line of an authenticated webhook to its answer.",
            buckets=BUCKETS,
            registry=self._registry,
        )

    def request(self, outcome: str, trigger: str | None = None, seconds: float | None = None) -> None:
        """Count one request; `seconds` is what an authenticated one took."""
        self._requests.labels(outcome, trigger_label(trigger)).inc()
        if seconds is not None:
            self._accept_seconds.observe(seconds)

    def failure(self) -> None:
        """Count one unexpected exception."""
        self._failures.inc()

    def text(self, overview: Overview | None, *, multiprocess: bool) -> bytes:
        """Everything as Prometheus text; without an overview Redis is away.

        `multiprocess` adds up what all processes counted, and needs the directory in the environment.
        """
        counted = self._registry
        if multiprocess:
            counted = CollectorRegistry()
            MultiProcessCollector(counted)  # type: ignore[no-untyped-call]
        seen = CollectorRegistry()
        seen.register(_Seen(overview))
        return generate_latest(counted) + generate_latest(seen)


def trigger_label(trigger: str | None) -> str:
    """The trigger as a label: one that we know, "other", or "none"."""
    if trigger is None:
        return "none"
    return trigger if trigger in TRIGGERS else "other"


class _Seen(Collector):
    """The state of Redis at the time of the scrape."""

    def __init__(self, overview: Overview | None) -> None:
        self._overview = overview

    def collect(self) -> Iterator[Metric]:
        up = self._overview is not None
        yield GaugeMetricFamily("comethooks_redis_up", "Whether Redis answered this scrape.", value=float(up))
        if self._overview is not None:
            yield from _partitions(self._overview)
            yield from _engine(self._overview)


def _partitions(overview: Overview) -> Iterator[Metric]:
    depth = GaugeMetricFamily(
        "comethooks_partition_depth", "Entries that wait or are in progress.", labels=["partition"]
    )
    oldest = GaugeMetricFamily(
        "comethooks_partition_oldest_seconds",
        "Age of the oldest of them, 0 without any.",
        labels=["partition"],
    )
    for partition in overview.partitions:
        depth.add_metric([str(partition.number)], partition.depth)
        oldest.add_metric([str(partition.number)], partition.oldest_age_s or 0.0)
    yield depth
    yield oldest
    without_lease = sum(not partition.leased for partition in overview.partitions)
    yield GaugeMetricFamily(
        "comethooks_partitions_without_lease", "Partitions that no drainer has.", value=without_lease
    )


def _engine(overview: Overview) -> Iterator[Metric]:
    yield GaugeMetricFamily("comethooks_drainers", "Drainers that are alive.", value=overview.drainers)
    yield GaugeMetricFamily(
        "comethooks_backlog_bytes", "Bytes accepted and not yet journalled.", value=overview.backlog_bytes
    )
    runs = CounterMetricFamily(
        "comethooks_runs", "First attempts that ended, by handler and state.", labels=["handler", "state"]
    )
    for (handler, state), count in sorted(overview.runs.items()):
        runs.add_metric([handler, state], count)
    yield runs
