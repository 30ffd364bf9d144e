"""What the parts of a drained event cost in one thread: read, run, and journalled with its run.

Nothing waits for anything here, so the numbers are steady where other work takes the machine.
"""

import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bench.backlog import waiting_record
from bench.growth import done
from bench.report import Report
from comethooks.schemas import Event
from comethooks.workers.drain.items import Item, Partition
from comethooks.workers.drain.marks import mark_of
from comethooks.workers.handlers.context import Context
from comethooks.workers.handlers.run import execute
from comethooks.workers.interactions import goals_plugin
from comethooks.workers.journal import Journal, Settled
from comethooks.workers.plugins.config import Config
from comethooks.workers.plugins.handler import Handler
from comethooks.workers.plugins.loaded import BoundHandler, LoadedPlugin, Plugins
from comethooks.workers.record import FORMAT, cost, decode, encode_meta, event_of
from tests.tables import make_tables
from tests.workers.engine import handler, services

BATCH = 400
ROUNDS = 20


def parts(report: Report, events: int) -> None:
    """The least processor time of twenty rounds each."""
    bound = handler(_read)
    plugins = Plugins(loaded=(_loaded(bound), _loaded(*map(_bound, goals_plugin.plugin.handlers))))
    records = [waiting_record(number) for number in range(BATCH)]
    entries = [
        {b"v": FORMAT, b"k": b"event", b"m": encode_meta(each), b"b": each.body} for each in records
    ]
    held, outside = Partition(0, "lease", marks={}), services()

    def read() -> None:
        for entry in entries:
            record = decode(entry)
            Item(held, "1-1", record, cost(entry), plugins.handlers_for(record))

    def run() -> None:
        for record in records:
            mark_of(execute(bound, event_of(record), outside))

    report.line("an entry becomes an item", _least([read] * ROUNDS), "µs/event")
    report.line("a run that reads the text, and its mark", _least([run] * ROUNDS), "µs/event")
    report.line("journalled with its run, SQLite", _journalled(), "µs/event")


def _journalled() -> float:
    with tempfile.TemporaryDirectory() as directory:
        url = f"sqlite:///{Path(directory) / 'journal.db'}"
        make_tables(url)
        journal = Journal.open(url)
        batches = [[_settled(number) for number in range(BATCH)] for _ in range(ROUNDS + 1)]
        journal.write(batches.pop())  # opens the file
        least = _least([partial(journal.write, each) for each in batches])
        journal.close()
    return least


def _least(rounds: list[Callable[[], object]]) -> float:
    found = []
    for work in rounds:
        began = time.thread_time()
        work()
        found.append((time.thread_time() - began) / BATCH * 1e6)
    return min(found)


def _settled(number: int) -> Settled:
    record = waiting_record(number)
    return Settled(record, (done(record.received_at),), 0)


def _read(event: Event, ctx: Context) -> None:
    if event.message is not None:
        len(event.message.text or "")


def _bound(each: Handler) -> BoundHandler:
    return BoundHandler(each, Config("interactions", {}), 30.0, "1")


def _loaded(*handlers: BoundHandler) -> LoadedPlugin:
    return LoadedPlugin("plugin", "bench", "1", "bench.py", handlers[0].config, handlers)
