"""An ordered handler under random failures and kills: each conversation in the order of accept, and
nothing lost.
"""

import contextlib
import os
import random
import signal
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import pytest

from comethooks.workers.clock import now_ms
from comethooks.workers.journal import Filter, Journal
from comethooks.workers.states import RunState
from comethooks.workers.streams.accept import Streams
from comethooks.workers.streams.connections import connect
from tests.redis_server import RedisServer
from tests.scenarios.judging import journal_of, waiting
from tests.scenarios.load import accept
from tests.scenarios.stack import (
    Effects,
    Stack,
    children,
    runs_worker_of,
    work_horses_of,
    workers_of,
)
from tests.waiting import wait_for

BOOK = """
    import os
    import random
    import time
    from marshmallow import fields
    from comethooks import Plugin, Retry

    plugin = Plugin("ledger", config={"file": fields.String(required=True)})

    @plugin.on("message_sent", ordered=True, retry=Retry(attempts=9, base=0.2, cap=1.0))
    def book(event, ctx):
        if random.random() < 0.05:
            raise RuntimeError("by chance")
        what = f"{event.id} {event.conversation_id} {event.message.id}"
        line = f"{what} {os.getpid()} {time.time_ns()}\\n"
        with open(ctx.config.file, "ab", buffering=0) as file:
            file.write(line.encode())
"""
"""A plugin whose ordered handler fails by chance, and else writes a line for its event."""
HANDLER = "ledger.book"
UNFINISHED = (RunState.RETRYING, RunState.RUNNING, RunState.WAITING, RunState.DEAD)


@pytest.fixture
def ledger(stack: Stack) -> Path:
    """Where the ordered handler of the deployment writes."""
    stack.plugin("ledger", BOOK)
    file = stack.directory / "ledger"
    stack.environment["COMETHOOKS_LEDGER_FILE"] = str(file)
    return file


def victims(supervisor: int, chance: random.Random) -> list[int]:
    """A work-horse or a worker, of those that drain or of that which runs again what failed."""
    worker = chance.choice([*workers_of(supervisor), runs_worker_of(supervisor)])
    horses = children(worker)
    return chance.choice([horses, [worker], [worker, *horses]])


def feed(streams: Streams, conversations: int, numbers: range) -> Iterator[tuple[str, str]]:
    """Accept so many events, and say each one's conversation and id."""
    for number in numbers:
        conversation = number % conversations
        yield f"group_room{conversation}", accept(streams, conversation, number)


def until_all_is_done(journal: Journal, number: int, seconds: float) -> None:
    """Wait until so many runs of the ordered handler are done. What two kills have left dead is
    retried.
    """

    def done() -> bool:
        journal.retry_runs(Filter(handler=HANDLER, state=RunState.DEAD), now_ms())
        return journal.count_runs(Filter(handler=HANDLER), [RunState.DONE]) >= number

    wait_for(done, "every run is done", seconds=seconds)
    assert journal.count_runs(Filter(handler=HANDLER), UNFINISHED) == 0


@pytest.mark.parametrize(
    ("database_url", "number", "conversations", "workers", "kills"),
    [
        ("sqlite", 300, 20, 2, 2),
        pytest.param("sqlite", 1000, 50, 4, 12, marks=pytest.mark.attack),
        pytest.param("postgresql", 1000, 50, 4, 12, marks=pytest.mark.attack),
    ],
    indirect=["database_url"],
)
@pytest.mark.timeout(300)
def test_each_conversation_is_handled_in_the_order_of_accept(
    stack: Stack,
    own_redis_server: RedisServer,
    ledger: Path,
    chance: random.Random,
    number: int,
    conversations: int,
    workers: int,
    kills: int,
) -> None:
    """Whatever fails or is killed; only what was in progress at a kill is done again, at once."""
    streams = Streams(
        connect(own_redis_server.url), partitions=16, duplicate_window=60, max_backlog_bytes=10**9
    )
    supervisor = stack.start("worker", "--workers", str(workers)).pid
    wait_for(lambda: len(work_horses_of(supervisor)) == workers, "every worker has its drainer")
    accepted: list[tuple[str, str]] = []
    journal = journal_of(stack)
    for part in range(kills + 1):
        accepted += feed(
            streams,
            conversations,
            range(number * part // (kills + 1), number * (part + 1) // (kills + 1)),
        )
        if part < kills:
            goal = len(accepted) // 2
            wait_for(lambda goal=goal: len(Effects.read(ledger).ids) >= goal, "half of it is done")
            for pid in victims(supervisor, chance):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
    until_all_is_done(journal, number, seconds=120)
    wait_for(lambda: not waiting(own_redis_server.client()), "the streams are empty")
    waited = {run.event_id for run in journal.runs(Filter(handler=HANDLER)) if run.attempts != 1}
    journal.close()

    found = Effects.read(ledger)
    print(
        f"{len(accepted)} accepted, {found.repeats} repeated, {len(waited)} with more than one"
        " attempt"
    )
    assert found.ids == {event for _, event in accepted}
    for conversation in {name for name, _ in accepted}:
        in_order = [event for name, event in accepted if name == conversation]
        done = [line[0] for line in found.lines if line[1] == conversation]
        assert [event for event, _ in groupby(done)] == in_order
    assert waited
