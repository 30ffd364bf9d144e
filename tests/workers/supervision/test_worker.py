"""A worker process: stopped in any state it ends with 0, and it says why it waits."""

import json
import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from rq import Queue
from rq.job import Job

from comethooks.workers.processes import is_alive, member_name
from comethooks.workers.settings.settings import Settings
from comethooks.workers.streams import keys
from comethooks.workers.streams.connections import connect
from comethooks.workers.supervision.redis_outage import RedisOutage
from comethooks.workers.supervision.worker import DrainWorker
from tests.redis_server import RedisServer
from tests.scenarios.stack import Stack, work_horses_of, workers_of
from tests.waiting import wait_for

HOLDER = """
    import threading
    from comethooks import Plugin

    plugin = Plugin("holder")

    @plugin.on("*")
    def hold(event, ctx):
        open(__file__ + ".started", "w").close()
        threading.Event().wait(60)
"""


@pytest.fixture
def stack(own_redis_server: RedisServer, tmp_path: Path) -> Iterator[Stack]:
    made = Stack(tmp_path, own_redis_server.url, settings={"COMETHOOKS_HANDLER_TIMEOUT": "1s"})
    yield made
    made.close()


def lines(stack: Stack, *events: str) -> list[dict[str, Any]]:
    """What was logged under these events, oldest first; every line but those that only a person can
    read.
    """
    written = stack.log().rpartition("\n")[0].splitlines()
    found = [json.loads(line) for line in written if line.startswith("{")]
    return [line for line in found if not events or line["event"] in events]


def drainers(server: RedisServer) -> int:
    """How many are members."""
    return int(server.client().zcard(keys.MEMBERS))


def test_without_redis_it_waits_says_so_once_and_can_be_stopped(
    stack: Stack, own_redis_server: RedisServer
) -> None:
    """When the server is there, it goes on."""
    stack.make_tables()
    own_redis_server.kill()
    supervisor = stack.start("worker", "--workers", "1")
    wait_for(lambda: "waiting for Redis" in stack.log(), "it says that it waits")
    own_redis_server.start()
    wait_for(lambda: own_redis_server.client().zcard(keys.MEMBERS), "its drainer has joined")
    # By the worker that drains, and by the one for further attempts when it looks at the same
    # moment.
    assert 1 <= stack.log().count("waiting for Redis") <= 2
    supervisor.send_signal(signal.SIGTERM)
    assert supervisor.wait(30) == 0


def test_without_tables_it_says_what_to_run_and_can_be_stopped(stack: Stack) -> None:
    """Nothing is read before it could be journalled."""
    supervisor = stack.start("worker", "--workers", "1")
    wait_for(lambda: "comethooks db upgrade" in stack.log(), "it says what to run")
    supervisor.send_signal(signal.SIGTERM)
    assert supervisor.wait(30) == 0


def test_a_handler_that_does_not_end_holds_up_a_stop_for_a_limited_time(
    stack: Stack, own_redis_server: RedisServer
) -> None:
    """Its run has taken too long by then, and is dead; nothing of it is left in Redis."""
    stack.plugin("holder", HOLDER)
    stack.make_tables()
    stack.web()
    supervisor = stack.start("worker", "--workers", "1")
    stack.post({"trigger": "anything", "data": {}})
    wait_for(lambda: (stack.plugin_dir / "holder.py.started").exists(), "the handler runs")
    supervisor.send_signal(signal.SIGTERM)
    assert supervisor.wait(30) == 0
    client = own_redis_server.client()
    assert sum(client.xlen(keys.stream(number)) for number in range(16)) == 0
    (run,) = stack.listing("runs", "list")
    assert (run["state"], run["error"]) == ("dead", "HandlerTimeoutError: it took longer than 1 s")


def test_a_work_horse_whose_worker_is_killed_ends_too(
    stack: Stack, own_redis_server: RedisServer
) -> None:
    """It gives its partitions back, and the worker that is started in its place takes them."""
    stack.make_tables()
    supervisor = stack.start("worker", "--workers", "1")
    wait_for(lambda: own_redis_server.client().zcard(keys.MEMBERS), "its drainer has joined")
    (worker,), (horse,) = workers_of(supervisor.pid), work_horses_of(supervisor.pid)

    os.kill(worker, signal.SIGKILL)
    wait_for(lambda: workers_of(supervisor.pid) not in ([], [worker]), "another worker is there")
    wait_for(
        lambda: work_horses_of(supervisor.pid) not in ([], [horse]), "another work-horse is there"
    )
    wait_for(lambda: not os.path.exists(f"/proc/{horse}"), "the orphan has ended")


def test_a_work_horse_that_waits_for_sql_ends_with_its_worker_too(
    stack: Stack, own_redis_server: RedisServer
) -> None:
    """It may have to wait for long, and must not stand in its successor's way."""
    supervisor = stack.start("worker", "--workers", "1")
    wait_for(lambda: "comethooks db upgrade" in stack.log(), "it waits for the tables")
    (worker,), (horse,) = workers_of(supervisor.pid), work_horses_of(supervisor.pid)
    os.kill(worker, signal.SIGKILL)
    wait_for(lambda: not is_alive(horse), "the orphan has ended", seconds=5)


def test_how_a_work_horse_was_killed_is_recorded(
    stack: Stack, own_redis_server: RedisServer
) -> None:
    """Whoever takes over may ask, and its leases are free by then."""
    stack.make_tables()
    supervisor = stack.start("worker", "--workers", "1")
    wait_for(lambda: drainers(own_redis_server), "its drainer has joined")
    (horse,) = work_horses_of(supervisor.pid)
    os.kill(horse, signal.SIGKILL)
    client = own_redis_server.client()
    wait_for(
        lambda: client.hget(keys.ENDINGS, member_name(horse)) == b"SIGKILL", "its ending is known"
    )
    wait_for(lambda: lines(stack, "work-horse ended"), "it says so")
    (line,) = lines(stack, "work-horse ended")
    assert (line["pid"], line["ending"], line["leases_dropped"]) == (horse, "SIGKILL", 16)


class Failing(DrainWorker):
    """A worker whose work-horses end before they do anything, and which remembers when they were
    forked.
    """

    def __init__(self, url: str, status: int) -> None:
        super().__init__(Settings.load({"REDIS_URL": url}), connect(url), RedisOutage(url))
        self.forked: list[float] = []
        self._status = status

    def fork_work_horse(self, job: Job, queue: Queue) -> None:
        self.forked.append(time.monotonic())
        super().fork_work_horse(job, queue)

    def setup_work_horse_signals(self) -> None:
        os._exit(self._status)


@pytest.fixture
def _own_signals() -> Iterator[None]:
    kept = {
        signum: signal.getsignal(signum)
        for signum in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM)
    }
    yield
    for signum, handler in kept.items():
        signal.signal(signum, handler)


@pytest.mark.usefixtures("_own_signals")
@pytest.mark.parametrize("status", [3, 0])
def test_drainers_that_fail_at_once_follow_each_other_ever_more_slowly(
    redis_server: RedisServer, status: int
) -> None:
    """A fault that stays must not spin, nor be hidden by a status that says that all is well."""
    worker = Failing(redis_server.url, status)
    worker.work(max_jobs=5)
    pauses = [later - earlier for earlier, later in pairwise(worker.forked)]
    assert pauses[0] < pauses[2]
    assert pauses[1] > 0.2
    assert pauses[2] > 0.4
    assert pauses[3] > 0.8
    assert set(redis_server.client().hvals(keys.ENDINGS)) == {f"exit status {status}".encode()}


def test_a_worker_whose_drainers_fail_can_be_stopped_in_between(
    stack: Stack, own_redis_server: RedisServer
) -> None:
    """It does not sleep through it."""
    own_redis_server.client().set(keys.FENCE, "no number")
    stack.make_tables()
    supervisor = stack.start("worker", "--workers", "1")
    wait_for(lambda: len(lines(stack, "work-horse ended")) == 3, "three drainers have failed")
    supervisor.send_signal(signal.SIGTERM)
    started = time.monotonic()
    assert supervisor.wait(30) == 0
    assert time.monotonic() - started < 5


def test_a_frozen_redis_holds_a_stop_up_for_seconds_only(
    stack: Stack, own_redis_server: RedisServer
) -> None:
    """It ends with 0, and with a line instead of a traceback."""
    stack.make_tables()
    supervisor = stack.start("worker", "--workers", "1")
    wait_for(lambda: drainers(own_redis_server), "its drainer has joined")
    (worker,) = workers_of(supervisor.pid)
    own_redis_server.freeze()
    os.kill(supervisor.pid, signal.SIGTERM)
    started = time.monotonic()
    wait_for(lambda: not is_alive(worker), "the worker has ended")
    assert time.monotonic() - started < 12
    assert supervisor.wait(30) == 0
    assert "Traceback" not in stack.log()
    assert len(lines(stack, "waiting for Redis")) == 1
    assert lines(stack, "process died", "process killed, since it did not stop") == []


@pytest.mark.parametrize("how", ["kill", "freeze"])
def test_an_outage_of_redis_is_told_in_two_lines_by_a_worker_that_outlives_it(
    stack: Stack, own_redis_server: RedisServer, how: str
) -> None:
    """One when Redis goes, one when it is back, and two about the drainer that failed: what of, and
    how it ended.
    """
    stack.make_tables()
    supervisor = stack.start("worker", "--workers", "1")
    wait_for(lambda: drainers(own_redis_server), "its drainer has joined")
    (worker,), (horse,) = workers_of(supervisor.pid), work_horses_of(supervisor.pid)
    getattr(own_redis_server, how)()
    wait_for(lambda: lines(stack, "drainer failed"), "its drainer fails")
    wait_for(lambda: lines(stack, "waiting for Redis"), "it says that it waits")
    (own_redis_server.start if how == "kill" else own_redis_server.thaw)()
    wait_for(
        lambda: work_horses_of(supervisor.pid) not in ([], [horse]), "there is another work-horse"
    )
    wait_for(lambda: drainers(own_redis_server) == 1, "its drainer has joined")
    assert workers_of(supervisor.pid) == [worker]
    told = Counter(line["event"] for line in lines(stack))
    assert told["drainer failed"] == told["work-horse ended"] == 1
    # The worker that waits for further attempts may have noticed, too.
    assert told["waiting for Redis"] <= 2
    assert told["waiting for Redis"] == told["Redis is back"]
    # The stack names the file of a recorder, and this one has none.
    others = {"workers started", "the scheduler waits", "the scheduler goes on"}
    others |= {"nobody reads this setting", "plugins loaded"}
    assert set(told) <= {
        "drainer failed",
        "waiting for Redis",
        "Redis is back",
        "work-horse ended",
        *others,
    }
    assert own_redis_server.client().hget(keys.ENDINGS, member_name(horse)) == b"exit status 70"


def test_a_server_without_memory_left_is_drained_without_rq(
    stack: Stack, own_redis_server: RedisServer
) -> None:
    """RQ could not even queue a job there, and nobody else would make room."""
    stack.make_tables()
    stack.web()
    assert stack.post({"trigger": "anything", "data": {}}).status_code == 200
    client = own_redis_server.client()
    client.config_set("maxmemory", 1)
    supervisor = stack.start("worker", "--workers", "1")
    wait_for(lambda: client.get(keys.BACKLOG) == b"0", "it is drained")
    assert stack.log().count("draining without RQ") == 1
    assert len(lines(stack, "waiting for Redis")) <= 1
    supervisor.send_signal(signal.SIGTERM)
    assert supervisor.wait(30) == 0
