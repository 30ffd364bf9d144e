"""A worker process: stopped in any state it ends with 0, and it says why it waits."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.redis_server import RedisServer
from tests.scenarios.stack import Stack, work_horses_of, workers_of
from tests.waiting import wait_for
from workers import keys

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


def test_without_redis_it_waits_says_so_once_and_can_be_stopped(
    stack: Stack, own_redis_server: RedisServer
) -> None:
    """When the server is there, it goes on."""
    stack.run("db", "upgrade")
    own_redis_server.kill()
    supervisor = stack.start("worker", "--workers", "1")
    wait_for(lambda: "waiting for Redis" in stack.log(), "it says that it waits")
    own_redis_server.start()
    wait_for(lambda: own_redis_server.client().zcard(keys.MEMBERS), "its drainer has joined")
    assert stack.log().count("waiting for Redis") == 1
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
    """Its event stays, and is run again."""
    stack.plugin("holder", HOLDER)
    stack.run("db", "upgrade")
    stack.web()
    supervisor = stack.start("worker", "--workers", "1")
    stack.post({"trigger": "anything", "data": {}})
    wait_for(lambda: (stack.plugin_dir / "holder.py.started").exists(), "the handler runs")
    supervisor.send_signal(signal.SIGTERM)
    assert supervisor.wait(30) == 0
    client = own_redis_server.client()
    assert sum(client.xlen(keys.stream(number)) for number in range(16)) == 1


def test_a_work_horse_whose_worker_is_killed_ends_too(stack: Stack, own_redis_server: RedisServer) -> None:
    """It gives its partitions back, and the worker that is started in its place takes them."""
    stack.run("db", "upgrade")
    supervisor = stack.start("worker", "--workers", "1")
    wait_for(lambda: own_redis_server.client().zcard(keys.MEMBERS), "its drainer has joined")
    (worker,), (horse,) = workers_of(supervisor.pid), work_horses_of(supervisor.pid)

    os.kill(worker, signal.SIGKILL)
    wait_for(lambda: workers_of(supervisor.pid) not in ([], [worker]), "another worker is there")
    wait_for(lambda: work_horses_of(supervisor.pid) not in ([], [horse]), "another work-horse is there")
    wait_for(lambda: not os.path.exists(f"/proc/{horse}"), "the orphan has ended")
