"""What counting costs four processes that write into one PostgreSQL, with the leader adding up."""

import multiprocessing as mp
import time
from dataclasses import dataclass
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier, Event
from statistics import median

from bench.figures import made_records
from bench.growth import done
from bench.listings import processor_ms
from bench.report import Report
from comethooks.workers.analytics.sizes import DAY_MS, Size, start_of
from comethooks.workers.clock import now_ms
from comethooks.workers.journal import Journal, KeptBuckets, Settled
from tests.servers import PostgresServer, running_postgres
from tests.tables import make_tables

WRITERS = 4
ROUNDS = 5
MOST_SLOWER = 1.10
"""What figures may make of the time that they take."""
_BATCH = 200
_USERS = 2_000
_EVERY_SECONDS = 1


@dataclass(frozen=True)
class Written:
    """How fast events were written, and what one took of the processors (µs), PostgreSQL's share
    included and adding up too.
    """

    per_second: float
    cpu_us: float


def four_writers(report: Report, events: int) -> None:
    """Write `--events` in four processes at once, with figures and without, in turns."""
    number = max(WRITERS * _BATCH, events // 5) // WRITERS
    rounds: list[tuple[Written, Written]] = []
    with running_postgres(on_disk=True) as server:
        make_tables(server.url)
        for at in range(ROUNDS):
            # In turn, so that what disturbs one disturbs the other.
            plain = _written(server, number, 2 * at, counts=False)
            rounds.append((plain, _written(server, number, 2 * at + 1, counts=True)))
    rounds = rounds[1:]  # whoever is active in the hour has been seen after the first
    for which, name in enumerate(("without figures", "with figures")):
        found = [each[which] for each in rounds]
        report.line(f"four writers: {name}", median(each.per_second for each in found), "events/s")
        report.line("  processor time of all", median(each.cpu_us for each in found), "µs/event")
    slower = [plain.per_second / counted.per_second for plain, counted in rounds]
    report.line("  time in terms of without, median", median(slower), "times", most=MOST_SLOWER)
    dearer = [counted.cpu_us / plain.cpu_us for plain, counted in rounds]
    report.line("  processor time likewise", median(dearer), "times")


def _written(server: PostgresServer, number: int, round_: int, *, counts: bool) -> Written:
    """Write so many events in each process, all of one hour of yesterday."""
    context = mp.get_context("fork")
    ready, over = context.Barrier(WRITERS + 2), context.Event()
    took: Queue[float] = context.Queue()
    writers = [
        context.Process(target=_write, args=(server.url, part, number, counts, ready, took))
        for part in range(WRITERS * round_, WRITERS * (round_ + 1))
    ]
    leader = context.Process(target=_lead, args=(server.url, counts, ready, over, took))
    for each in (*writers, leader):
        each.start()
    ready.wait()
    began, before = time.monotonic(), processor_ms(server.pid)
    for each in writers:
        each.join()
    seconds = time.monotonic() - began
    over.set()
    own = sum(took.get() for _ in range(WRITERS + 1))
    leader.join()
    used = own + processor_ms(server.pid) - before
    total = WRITERS * number
    return Written(total / seconds, used * 1000 / total)


def _write(
    url: str, part: int, number: int, counts: bool, ready: Barrier, took: "Queue[float]"
) -> None:
    journal = Journal.open(url, counts_figures=counts)
    since = start_of(Size.DAY, now_ms()) - DAY_MS + part * number
    made = made_records(since, number, number, first=part * number, users=_USERS)
    settled = [Settled(record=each, runs=(done(each.received_at),), partition=0) for each in made]
    journal.clock()
    ready.wait()
    before = time.process_time()
    for start in range(0, number, _BATCH):
        journal.write(settled[start : start + _BATCH])
    took.put((time.process_time() - before) * 1000)
    journal.close()


def _lead(url: str, counts: bool, ready: Barrier, over: Event, took: "Queue[float]") -> None:
    journal = Journal.open(url)
    ready.wait()
    before = time.process_time()
    while counts and not over.wait(_EVERY_SECONDS):
        while journal.figures.fold(KeptBuckets({})):
            pass
    over.wait()
    while counts and journal.figures.fold(KeptBuckets({})):
        pass
    took.put((time.process_time() - before) * 1000)
    journal.close()
