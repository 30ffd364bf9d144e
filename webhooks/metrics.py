"""What is counted here, and what Redis says, as Prometheus text.

Under gunicorn every worker process counts in files of PROMETHEUS_MULTIPROC_DIR, and whichever
process answers a scrape adds them up. Labels have few values: a trigger that we do not know is
"other".
"""

from collections.abc import Iterator
from itertools import product

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from comethooks.schemas import TRIGGERS, DriftKind
from comethooks.workers.states import RunMode, RunState
from comethooks.workers.streams.counters import DELETED, TIMEOUTS, WORK_HORSES_KILLED
from comethooks.workers.streams.limit import BacklogLimit
from comethooks.workers.streams.overview import Overview

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0)
"""Seconds. CometChat gives up after the last one."""
UNFINISHED = (RunState.RETRYING, RunState.RUNNING, RunState.WAITING, RunState.DEAD)
"""The states of runs that something is still to happen to, by itself or by somebody's decision."""


class Metrics:
    """The counters of this process. Every application has its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        """For what others count, too."""
        self._requests = Counter(
            "comethooks_requests",
            "Requests to a webhook, by what became of them.",
            ["outcome", "trigger"],
            registry=self.registry,
        )
        self._failures = Counter(
            "comethooks_failures",
            "Unexpected exceptions while a request was served.",
            registry=self.registry,
        )
        self._drift = Counter(
            "comethooks_drift",
            "Accepted bodies that are not quite as expected, by what is not; one may be of several"
            " kinds.",
            ["kind"],
            registry=self.registry,
        )
        self._moderation_failures = Counter(
            "comethooks_moderation_failures",
            "Questions of moderation that got no decision here, as CometChat tells, by what it"
            " calls that.",
            ["category"],
            registry=self.registry,
        )
        self._spooled = Counter(
            "comethooks_spooled",
            "Requests that went to the spool, since Redis did not take them.",
            registry=self.registry,
        )
        self._accept_seconds = Histogram(
            "comethooks_accept_seconds",
            "From the first line of an authenticated webhook to its answer.",
            buckets=BUCKETS,
            registry=self.registry,
        )

    def request(
        self, outcome: str, trigger: str | None = None, seconds: float | None = None
    ) -> None:
        """Count one request; `seconds` is what an authenticated one took."""
        self._requests.labels(outcome, trigger_label(trigger)).inc()
        if seconds is not None:
            self._accept_seconds.observe(seconds)

    def failure(self) -> None:
        """Count one unexpected exception."""
        self._failures.inc()

    def spooled(self, count: int) -> None:
        """Count requests that went to the spool."""
        self._spooled.inc(count)

    def drift(self, kind: DriftKind) -> None:
        """Count one accepted body in which something of this kind is not as expected."""
        self._drift.labels(kind.value).inc()

    def moderation_failure(self, category: str) -> None:
        """Count one question of moderation that CometChat got no decision on."""
        self._moderation_failures.labels(category).inc()

    def text(
        self,
        overview: Overview | None,
        *others: Collector,
        max_backlog_bytes: int,
        multiprocess: bool,
    ) -> bytes:
        """Everything as Prometheus text, with what `others` collect; without an overview Redis is
        away.

        `max_backlog_bytes` is what the settings allow. `multiprocess` adds up what all processes
        counted, and needs the directory in the environment.
        """
        counted = self.registry
        if multiprocess:
            counted = CollectorRegistry()
            MultiProcessCollector(counted)  # type: ignore[no-untyped-call]
        seen = CollectorRegistry()
        for collector in (_RedisState(overview, max_backlog_bytes), *others):
            seen.register(collector)
        return generate_latest(counted) + generate_latest(seen)


def trigger_label(trigger: str | None) -> str:
    """The trigger as a label: one that we know, "other", or "none"."""
    if trigger is None:
        return "none"
    return trigger if trigger in TRIGGERS else "other"


class _RedisState(Collector):
    """The state of Redis at the time of the scrape."""

    def __init__(self, overview: Overview | None, max_backlog_bytes: int) -> None:
        self._overview = overview
        self._max_backlog_bytes = max_backlog_bytes

    def collect(self) -> Iterator[Metric]:
        up = self._overview is not None
        yield GaugeMetricFamily(
            "comethooks_redis_up", "Whether Redis answered this scrape.", value=float(up)
        )
        if self._overview is not None:
            yield from _partitions(self._overview)
            yield from _engine(
                self._overview, BacklogLimit(self._max_backlog_bytes, self._overview.maxmemory)
            )
            yield from _runs(self._overview)
            yield from _counters(self._overview)
            yield _figures(self._overview)
            yield _heard(self._overview)


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
    yield GaugeMetricFamily(
        "comethooks_partitions_without_lease",
        "Partitions that should have a drainer and have none.",
        value=len(overview.undrained),
    )


def _engine(overview: Overview, limit: BacklogLimit) -> Iterator[Metric]:
    yield GaugeMetricFamily(
        "comethooks_drainers", "Drainers that are alive.", value=overview.drainers
    )
    yield GaugeMetricFamily(
        "comethooks_backlog_bytes",
        "Bytes accepted and not yet journalled.",
        value=overview.backlog_bytes,
    )
    yield GaugeMetricFamily(
        "comethooks_backlog_limit_bytes",
        "Where the backlog is full: events go to the spool, or get 503.",
        value=limit.bytes,
    )
    yield GaugeMetricFamily(
        "comethooks_scheduler_up",
        "Whether a scheduler leads, and did its work within the last minute.",
        value=float(overview.scheduler_works),
    )


def _heard(overview: Overview) -> Metric:
    heard = GaugeMetricFamily(
        "comethooks_last_event_seconds",
        "How long ago an event of an app was last accepted.",
        labels=["app"],
    )
    for app, seconds in sorted(overview.heard_s.items()):
        heard.add_metric([app], seconds)
    return heard


def _counters(overview: Overview) -> Iterator[Metric]:
    for name, help_text, label in (
        (TIMEOUTS, "Handlers that were interrupted since they took too long.", "handler"),
        (
            WORK_HORSES_KILLED,
            "Work-horses that were killed or failed, by how they ended.",
            "ending",
        ),
        (
            DELETED,
            (
                "What retention has deleted: rows of events and requests, payloads, run details,"
                " drift."
            ),
            "what",
        ),
    ):
        counter = CounterMetricFamily(f"comethooks_{name}", help_text, labels=[label])
        for (counted, value), count in sorted(overview.counters.items()):
            if counted == name:
                counter.add_metric([value], count)
        yield counter


def _figures(overview: Overview) -> Metric:
    figures = GaugeMetricFamily(
        "comethooks_figure",
        "Figures of the last whole minute, by metric and app; of what was measured, by quantile.",
        labels=["metric", "app"],
    )
    for metric, app, quantile, value in overview.figures:
        labels = {"metric": metric, "app": app, **({"quantile": quantile} if quantile else {})}
        figures.add_sample("comethooks_figure", labels, value)
    return figures


def _runs(overview: Overview) -> Iterator[Metric]:
    ended = CounterMetricFamily(
        "comethooks_runs",
        "Attempts that ended, by handler, by the state that the run was then in, and by mode: live,"
        " replay, or dry for what only records.",
        labels=["handler", "state", "mode"],
    )
    for of_run, count in sorted(overview.runs.items()):
        ended.add_metric(of_run, count)
    yield ended
    if overview.unfinished is None:
        return  # nobody knows: zeros would be a lie
    unfinished = GaugeMetricFamily(
        "comethooks_runs_unfinished",
        "Runs in the journal that are not done, by state and mode; what failed in a dry run is none"
        " of them.",
        labels=["state", "mode"],
    )
    for state, mode in product(UNFINISHED, RunMode):
        if mode is RunMode.DRY and state in (RunState.WAITING, RunState.DEAD):
            continue  # it is as good as done, so nobody counts it
        labels = (state.value, mode.value)
        unfinished.add_metric(labels, overview.unfinished.get(labels, 0))
    yield unfinished
    left_out = GaugeMetricFamily(
        "comethooks_runs_left_out",
        "Runs that wait for their plugin, which was left out, by handler.",
        labels=["handler"],
    )
    for handler, count in sorted(overview.left_out.items()):
        left_out.add_metric([handler], count)
    yield left_out
    cases = GaugeMetricFamily(
        "comethooks_moderation_cases_open",
        "Cases of moderation that nobody has closed, by severity.",
        labels=["severity"],
    )
    for severity, count in sorted((overview.open_cases or {}).items()):
        cases.add_metric([severity], count)
    yield cases
    yield GaugeMetricFamily(
        "comethooks_runs_oldest_due_seconds",
        "For how long the first run that waits for an attempt has been due, 0 without any.",
        value=overview.oldest_due_s or 0.0,
    )
