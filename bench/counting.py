"""What counting in figures costs: draining with it, and without."""

from statistics import median

from bench import backlog, growth
from bench.deployment import stack
from bench.report import Report

ROUNDS = 5
EVENTS = 20_000
MOST = 1.15
"""What figures may make of the processor time of the workers."""
WITHOUT = {"COMETHOOKS_DISABLED_PLUGINS": "analytics"}


def counting(report: Report, events: int) -> None:
    """Drain with one handler, with figures and without."""
    # In turn, so that what disturbs one disturbs the other.
    rounds = [
        (_drained(min(EVENTS, events), WITHOUT), _drained(min(EVENTS, events), {}))
        for _ in range(ROUNDS)
    ]
    for which, name in enumerate(("without figures", "with figures")):
        found = [each[which] for each in rounds]
        report.line(f"drained: {name}", median(each.per_second for each in found), "events/s")
        report.line("  processor time: workers", median(each.cpu_us for each in found), "µs/event")
    ratios = [counted.cpu_us / plain.cpu_us for plain, counted in rounds]
    report.line("  the one in terms of the other, median", median(ratios), "times", most=MOST)


def _drained(events: int, settings: dict[str, str]) -> growth.Drained:
    with stack(growth.plugin(1), "reader", **settings) as (made, server):
        client = server.client()
        put = backlog.put(client, events)
        return growth.drained(made, client, server.pid, put)
