"""How draining and listing fare with what is kept, what waits, handlers and the size of bodies."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from redis import Redis

from bench import backlog
from bench.backlog import waiting_record
from bench.processes import command_seconds, cpu_seconds, memory_mb
from bench.report import Report
from comethooks.workers.journal import Journal, RunResult, Settled
from comethooks.workers.settings.paths import database_path
from comethooks.workers.states import RunState
from comethooks.workers.streams import keys
from tests.scenarios.stack import Stack, workers_of
from tests.waiting import wait_for

KEPT = (1_000, 100_000, 1_000_000)
HANDLERS = (1, 10, 50)
BODIES_KB = (1, 10, 100)
DRAINED = 30_000
"""Events that are drained beside those that are kept."""
_BATCH = 1_000


@dataclass(frozen=True)
class Drained:
    """What came of draining, from the first batch to the last: without the processes' start."""

    per_second: float
    cpu_us: float
    """Processor time of the workers for each event."""
    redis_cpu_us: float
    worker_mb: float
    """The most that the processes of one worker took of their own while they worked."""


def plugin(handlers: int) -> str:
    """A plugin whose handlers read the text."""
    lines = ["from comethooks import Plugin", 'plugin = Plugin("reader")']
    for number in range(handlers):
        lines += ['@plugin.on("message_sent")', f"def read{number}(event, ctx):"]
        lines += ["    len(event.message.text)"]
    return "\n".join(lines) + "\n"


def drained(made: Stack, client: Redis, redis_pid: int, put: backlog.Backlog) -> Drained:
    """Drain with two worker processes."""
    supervisor = made.start("worker", "--workers", "2")
    marks: list[tuple[float, int, float, float]] = []
    most = 0.0

    def over() -> bool:
        nonlocal most
        left = int(client.get(keys.BACKLOG) or 0)  # type: ignore[arg-type]
        if left < put.bytes:
            cpu = cpu_seconds(supervisor.pid), cpu_seconds(redis_pid)
            marks.append((time.perf_counter(), left, *cpu))
            most = max([most, *map(memory_mb, workers_of(supervisor.pid))])
        return not left

    wait_for(over, "everything is journalled", seconds=3600)
    supervisor.terminate()
    supervisor.wait(30)
    (began, before, *cpus), (ended, after, *later) = marks[0], marks[-1]
    number = max(1.0, (before - after) / put.bytes * put.events)
    workers, redis = ((b - a) / number * 1e6 for a, b in zip(cpus, later, strict=True))
    return Drained(number / max(1e-9, ended - began), workers, redis, most)


def keep(data: Path, events: int) -> None:
    """Have so many events in the journal, each with its run."""
    journal = Journal.open(f"sqlite:///{database_path(data)}", durable=False)
    records = map(waiting_record, range(events))
    write(journal, (Settled(each, (done(each.received_at),), 0) for each in records))
    journal.close()


def write(journal: Journal, settled: Iterable[Settled]) -> None:
    """Journal all of it, many in one transaction."""
    left = iter(settled)
    while batch := list(islice(left, _BATCH)):
        journal.write(batch)


def done(at: int) -> RunResult:
    """The run of an event that was received then."""
    return RunResult("reader.read0", RunState.DONE, 1, at, at, version="1")


def line_of(report: Report, what: str, found: Drained) -> None:
    """One measured drain."""
    report.line(what, found.per_second, "events/s")
    report.line("  processor time: workers", found.cpu_us, "µs/event")
    report.line("  processor time: Redis", found.redis_cpu_us, "µs/event")
    report.line("  the larger worker, its work-horse included", found.worker_mb, "MB")


def listed(report: Report, made: Stack) -> None:
    """`comethooks events list` as a command: the processor time, best of five."""
    seconds = min(command_seconds(made, "events", "list") for _ in range(5))
    report.line("  comethooks events list", seconds, "s of CPU", most=0.7)
