"""What accepting, draining and listing cost where much is kept, waits, or is to be done."""

import contextlib

from bench import backlog, growth
from bench.accepting import accepting
from bench.deployment import stack
from bench.report import Report
from comethooks.workers.texts import number_of


def kept(report: Report, events: int) -> None:
    """Accept, drain and list while more and more is kept: up to ten times `--events`."""
    with contextlib.ExitStack() as closing:
        stacks = []
        for number in (each for each in growth.KEPT if each <= 10 * events):
            made, server = closing.enter_context(stack(growth.plugin(1), "reader"))
            growth.keep(made.directory / "data", number)
            stacks.append((number, made, server))
        for number, made, server in stacks:
            client = server.client()
            empty = client.info("memory")["used_memory"]
            put = backlog.put(client, growth.DRAINED)
            found = growth.drained(made, client, server.pid, put)
            growth.line_of(report, f"drained with {number:,} events kept", found)
            grown = (client.info("memory")["used_memory"] - empty) / 1e6
            report.line("  Redis memory afterwards", grown, "MB", most=10)
            growth.listed(report, made)
        accepting(report, stacks)


def waiting(report: Report, events: int) -> None:
    """Drain a backlog that is ten times `--events`, and look how much memory a worker takes."""
    least = 0.0
    for number in (1_000, 10 * events):
        with stack(growth.plugin(1), "reader") as (made, server):
            client = server.client()
            put = backlog.put(client, number)
            found = growth.drained(made, client, server.pid, put)
            growth.line_of(report, f"drained from a backlog of {number:,}", found)
            least = least or found.worker_mb
    report.line("  more memory than with 1,000", found.worker_mb - least, "MB", most=100)


def shapes(report: Report, events: int) -> None:
    """Drain with 1, 10 and 50 handlers that want every event, and bodies of 1, 10 and 100 kB."""
    for handlers in growth.HANDLERS:
        for size in growth.BODIES_KB:
            with stack(growth.plugin(handlers), "reader") as (made, server):
                client = server.client()
                number = max(2_000, events // max(handlers, size))
                put = backlog.put(client, number, size=1000 * size)
                found = growth.drained(made, client, server.pid, put)
                named = number_of(handlers, "handler")
                growth.line_of(report, f"drained: {named}, bodies of {size} kB", found)
