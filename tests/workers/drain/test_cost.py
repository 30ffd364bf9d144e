"""What a drained event costs, in calls of Python functions: that does not depend on the machine.

The limits are a tenth above what is needed today. Whoever goes beyond one makes every event dearer.
"""

import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from queue import SimpleQueue
from types import FrameType

import pytest
from redis import Redis

from comethooks.workers.drain.intake import Intake
from comethooks.workers.handlers.runners import Runner, Runners
from comethooks.workers.journal import Journal, RunResult, Settled
from comethooks.workers.plugins.loaded import LoadedPlugin, Plugins
from comethooks.workers.record import event_of
from comethooks.workers.states import RunState
from tests.redis_server import RedisServer
from tests.tables import make_tables
from tests.workers.engine import append, handler, partition, record, services

NUMBER = 500
READING, RUNNING, JOURNALLING = 19, 26, 54
"""Calls for an event. Of those for journalling a third are for its rows and that of its run; the
others find which message it is about and what it counts for."""


def in_a_new_process(work: Callable[..., float], *arguments: object) -> float:
    """What `work` returns.

    An interpreter that counts its calls hangs when any of its threads has yet to be told of an
    exception, as one has for ever that hung in a handler of an earlier test. So it needs one that
    has run nothing else.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(work, *arguments).result()


def calls(work: Callable[[], object]) -> int:
    """How many calls of Python functions `work` makes in this thread."""
    count = 0

    def note(frame: FrameType, kind: str, argument: object) -> None:
        nonlocal count
        count += kind == "call"

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def reading(url: str) -> float:
    """Calls for an event, from the answer of Redis to an item with its handlers to do."""
    client = Redis.from_url(url)
    held = partition(client)
    for number in range(NUMBER):
        append(client, held, record(number, number))
    bound = handler(lambda event, ctx: None)
    plugin = LoadedPlugin("plugin", "test", "1", "test.py", bound.config, (bound,))
    intake, read = Intake(client, Plugins(loaded=(plugin,))), 0

    def read_all() -> None:
        nonlocal read
        while found := intake.read([held], 0.1):
            read += len(found)

    made = calls(read_all)
    assert read == NUMBER
    return made / NUMBER


def running() -> float:
    """Calls for an event, from the record to the result, the handler itself among them."""
    bound, kept = handler(lambda event, ctx: None), record()
    states: list[RunState] = []
    told: SimpleQueue[int | Exception] = SimpleQueue()

    def end(result: RunResult, *, given_up: bool = False) -> None:
        states.append(result.state)

    def run_all(runner: Runner) -> None:
        told.put(calls(lambda: [runner.execute(bound, event_of(kept), end) for _ in range(NUMBER)]))

    runners = Runners(1, services(), on_failure=told.put)
    runners.start()
    runners.submit(run_all)
    made = told.get(timeout=30)
    runners.stop()
    assert isinstance(made, int), made
    assert states == [RunState.DONE] * NUMBER
    return made / NUMBER


def journalling(file: Path, new: bool) -> float:
    """Calls for an event, in a batch, with its run."""
    url = f"sqlite:///{file}"
    make_tables(url)
    journal = Journal.open(url)
    done = RunResult("plugin.handler", RunState.DONE, 1, 1_800_000_000_000, 1_800_000_000_001)
    batches = [
        [Settled(record(number, number), (done,), 0) for number in range(NUMBER)] for _ in (1, 2)
    ]
    journal.write(batches[0])
    made = calls(lambda: journal.write(batches[1 if new else 0]))
    journal.close()
    return made / NUMBER


def test_reading_an_entry_costs_at_most_so_many_calls(own_redis_server: RedisServer) -> None:
    assert in_a_new_process(reading, own_redis_server.url) <= READING


def test_an_empty_run_costs_at_most_so_many_calls() -> None:
    assert in_a_new_process(running) <= RUNNING


@pytest.mark.parametrize("new", [True, False], ids=["new", "there already"])
def test_journalling_an_event_costs_at_most_so_many_calls(tmp_path: Path, new: bool) -> None:
    assert in_a_new_process(journalling, tmp_path / "journal.db", new) <= JOURNALLING
