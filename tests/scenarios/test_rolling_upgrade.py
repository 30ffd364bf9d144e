"""An upgrade while everything runs: web processes and workers of the version before this one beside
those of this one, in one deployment. Nothing is lost and nothing is handled twice; what the
older side does not know is what was decided.
"""

import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from comethooks.workers.streams import keys
from tests.redis_server import RedisServer
from tests.scenarios.stack import RECORDER, Stack, message
from tests.waiting import wait_for

BEFORE = "c33608e5360f"
"""The version before this one, whose processes know nothing of decisions."""
ROOT = Path(__file__).parents[2]
PACKAGES = ("comethooks", "schemas", "workers", "webhooks")
EVENTS = 1000
POSTERS = 8
DROP = b'{"action":"do_not_propagate"}'

DECIDER = """
    from comethooks import Decision, Plugin

    plugin = Plugin("guard")

    @plugin.decide("before_message")
    def judge(event, ctx):
        return Decision.drop("bad", 0.9) if "bad" in event.message.text else Decision.allow()
"""


@pytest.fixture(scope="module")
def older_code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages of the version before."""
    tree = tmp_path_factory.mktemp("older")
    archive = tree / "code.tar"
    command = ["git", "-C", str(ROOT), "archive", "--output", str(archive), BEFORE]
    try:
        subprocess.run([*command, *PACKAGES], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip(f"the history does not go back to {BEFORE} here")
    subprocess.run(["tar", "-xf", str(archive), "-C", str(tree)], check=True)
    return tree


@pytest.fixture
def newer(tmp_path: Path, own_redis_server: RedisServer) -> Iterator[Stack]:
    """A deployment of this version, without tables."""
    made = Stack(tmp_path, own_redis_server.url)
    made.plugin("recorder", RECORDER)
    made.plugin("guard", DECIDER)
    yield made
    made.close()


@pytest.fixture
def older(newer: Stack, older_code: Path) -> Iterator[Stack]:
    """The same deployment as the version before has it; its web process has a port of its own."""
    made = Stack(newer.directory, newer.redis_url, settings={"PYTHONPATH": str(older_code)})
    yield made
    made.close()


def body_of(number: int) -> dict[str, Any]:
    """The event of that number: one in five is a message in flight, and one in ten a bad one."""
    if number % 5:
        return message(number % 40, number)
    text = "bad" if number % 10 else "good"
    in_flight = message(number % 40, number, data={"text": f"{text} {number}"})
    return {**in_flight, "trigger": "before_message"}


def post_all(web: Stack, numbers: range) -> dict[int, bytes]:
    """Post events to a web process, several at once; what each was answered."""

    def post(mine: range) -> dict[int, bytes]:
        with web.client() as client:
            answers = {n: client.post("/webhooks", json=body_of(n)) for n in mine}
        assert {answer.status_code for answer in answers.values()} == {200}
        return {number: answer.content for number, answer in answers.items()}

    with ThreadPoolExecutor(POSTERS) as pool:
        parts = pool.map(post, (numbers[first::POSTERS] for first in range(POSTERS)))
        return {number: content for part in parts for number, content in part.items()}


def bad_ones(numbers: range) -> set[int]:
    """Those that this version drops."""
    return {number for number in numbers if number % 10 == 5}


def all_handled(stack: Stack, count: int) -> Callable[[], bool]:
    """Whether the handler has got so many events."""
    return lambda: len(stack.effects().ids) == count


def nothing_waits(server: RedisServer) -> bool:
    """Whether the streams are empty, and as many bytes were taken from the backlog as added."""
    client = server.client()
    streams = [client.xlen(key) for key in client.scan_iter(f"{keys.PREFIX}events:*")]
    return not any(streams) and int(client.get(keys.BACKLOG) or 0) == 0


def test_an_older_web_process_with_newer_workers(
    newer: Stack, older: Stack, own_redis_server: RedisServer
) -> None:
    """Every event is handled once, and nobody has decided on any."""
    newer.make_tables()
    newer.start("worker", "--workers", "1")
    older.web()
    answers = post_all(older, range(EVENTS))
    assert {answers[number] for number in range(0, EVENTS, 5)} == {b"{}"}
    wait_for(all_handled(newer, EVENTS), "all are handled", seconds=30)
    wait_for(lambda: nothing_waits(own_redis_server), "nothing is left in Redis")
    assert newer.effects().repeats == 0
    found = newer.listing("events", "list")
    assert [(each["status"], each["decision"]) for each in found] == [("done", None)] * EVENTS


def test_a_newer_web_process_with_older_workers(
    newer: Stack, older: Stack, own_redis_server: RedisServer
) -> None:
    """What it decides is answered, to repeats too, and every event is handled once; what was
    decided is kept from when the workers are newer. Upgrading the journal disturbs no worker.
    """
    older.run("db", "upgrade")
    worker = older.start("worker", "--workers", "1")
    newer.web()
    numbers = range(EVENTS)
    answers = post_all(newer, numbers)
    assert {number for number, answer in answers.items() if answer == DROP} == bad_ones(numbers)
    wait_for(all_handled(newer, EVENTS), "all are handled", seconds=30)
    again = post_all(newer, range(0, 50, 5))
    assert again == {number: answers[number] for number in again}
    upgraded_at = datetime.now(UTC).isoformat()
    newer.run("db", "upgrade")
    more = range(EVENTS, EVENTS + 100)
    post_all(newer, more)
    wait_for(all_handled(newer, EVENTS + 100), "those after the upgrade are handled", seconds=30)
    wait_for(lambda: nothing_waits(own_redis_server), "nothing is left in Redis")
    worker.terminate()
    worker.wait(30)
    newer.start("worker", "--workers", "1")
    last = range(EVENTS + 100, EVENTS + 200)
    post_all(newer, last)
    wait_for(all_handled(newer, EVENTS + 200), "a newer worker goes on", seconds=30)
    wait_for(lambda: nothing_waits(own_redis_server), "nothing is left in Redis")
    assert newer.effects().repeats == 0
    found = newer.listing("events", "list")
    assert {each["status"] for each in found} == {"done"}
    assert len(found) == EVENTS + 200
    of_older = newer.listing("events", "list", "--app", "app1", "--until", upgraded_at)
    assert len(of_older) >= EVENTS
    dropped = newer.listing("events", "list", "--decision", "drop")
    assert len(dropped) == len(bad_ones(last))
    outcomes = [each["outcome"] for each in newer.listing("requests", "list")]
    assert (outcomes.count("duplicate"), outcomes.count("refused")) == (10, 0)
