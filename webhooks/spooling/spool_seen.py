"""What `/readyz` and `/metrics` tell of the spool of this host."""

from collections.abc import Iterator
from dataclasses import replace

from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from rich.filesize import decimal

from comethooks.webhooks.health import Health, HealthFinding
from comethooks.workers.clock import now_ms
from comethooks.workers.spool.glance import SpoolGlance
from comethooks.workers.spool.spool_status import SpoolStatus
from comethooks.workers.texts import number_of

_SPOOLED = frozenset({"redis", "backlog", "replicas"})
"""What keeps Redis from taking events, and the spool not."""


def with_spool(found: Health, glance: SpoolGlance) -> Health:
    """The same, where what Redis does not take goes to the spool: then an event is kept all the
    same, unless the spool is full.
    """
    refusing = found.refusing
    moved: tuple[HealthFinding, ...] = ()
    if glance.takes:
        moved = tuple(each for each in refusing if each.what in _SPOOLED)
        refusing = tuple(each for each in refusing if each.what not in _SPOOLED)
    return replace(
        found,
        refusing=refusing,
        degraded=(*moved, *_degraded(glance), *found.degraded),
        spool=document(glance.status),
    )


def document(status: SpoolStatus | None) -> dict[str, int] | None:
    """How much waits in it, for JSON; None where it was never used."""
    if status is None:
        return None
    return {
        "records": status.records,
        "bytes": status.bytes,
        "oldest_seconds": round(oldest_seconds(status)),
    }


def oldest_seconds(status: SpoolStatus) -> float:
    """How long ago the first of it was received; 0 when it holds nothing."""
    return 0.0 if status.oldest_at is None else max(0.0, (now_ms() - status.oldest_at) / 1000)


def _degraded(glance: SpoolGlance) -> Iterator[HealthFinding]:
    status = glance.status
    if glance.failed is not None:
        yield HealthFinding("spool", glance.failed, "see: comethooks doctor")
    if status is None:
        return
    if status.records:
        waits = number_of(status.records, "request waits", "requests wait")
        seconds = number_of(round(oldest_seconds(status)), "second")
        detail = f"{waits} in the spool ({decimal(status.bytes)}), the first for {seconds}"
        if glance.is_full:
            detail += ", and it is full"
        yield HealthFinding("spooling", detail)
    if aside := sum(status.set_aside.values()):
        files = number_of(aside, "file is", "files are")
        yield HealthFinding("spool", f"{files} not emptied", "see: comethooks spool status")


class SpoolGauges(Collector):
    """What is in the spool at the time of the scrape; nothing where it was never used."""

    def __init__(self, glance: SpoolGlance) -> None:
        self._status = glance.status

    def collect(self) -> Iterator[Metric]:
        """The gauges."""
        if (status := self._status) is None:
            return
        for name, text, value in (
            ("records", "Requests that wait in the spool of this host.", status.records),
            ("bytes", "Bytes of them.", status.bytes),
            (
                "oldest_seconds",
                "How long ago the first of them was received, 0 without any.",
                oldest_seconds(status),
            ),
        ):
            yield GaugeMetricFamily(f"comethooks_spool_{name}", text, value=value)
