"""Two deployments, each with a journal of its own, on one Redis."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from comethooks.workers.journal import Journal
from comethooks.workers.settings.settings import Settings
from comethooks.workers.settings.values import DEFAULT_PREFIX
from comethooks.workers.streams import keys
from tests.redis_server import RedisServer
from tests.scenarios.stack import RECORDER, Stack, message
from tests.scenarios.test_failover import FLAKY
from tests.waiting import wait_for


@pytest.fixture
def stacks(own_redis_server: RedisServer, tmp_path: Path) -> Iterator[list[Stack]]:
    """Both of them, with tables; nothing runs yet."""
    made = []
    for name in ("first", "second"):
        directory = tmp_path / name
        directory.mkdir()
        stack = Stack(directory, own_redis_server.url)
        stack.plugin("recorder", RECORDER)
        Journal.upgrade(Settings.load(stack.environment).database_url)
        made.append(stack)
    yield made
    for stack in made:
        stack.close()
    keys.begin_with(DEFAULT_PREFIX)  # commands were run in this process


def accept(stack: Stack) -> set[str]:
    """Post ten messages; the ids of the events."""
    return {stack.post(message(0, number)).json()["id"] for number in range(10)}


def test_the_second_is_refused_and_the_first_gets_all_of_its_events(stacks: list[Stack]) -> None:
    """Until somebody says that the other journal is gone."""
    first, second = stacks
    first.web()
    first.start("worker", "--workers", "1")
    wait_for(lambda: readiness(first)["drainers"] == 1, "the first drains")
    refused = second.run("worker", check=False)
    assert refused.returncode == 1
    assert "Redis holds the events of another journal" in refused.stderr
    assert "comethooks db adopt --yes" in refused.stderr
    second.web()
    wait_for(
        lambda: httpx.get(f"{second.url}/readyz").status_code == 503, "the second is not ready"
    )
    ids = accept(first)
    wait_for(lambda: first.effects().ids >= ids, "the first has handled all of its events")
    assert not second.effects().lines

    assert second.run("db", "adopt", check=False).returncode == 2
    second.run("db", "adopt", "--yes")
    second.start("worker", "--workers", "1")
    wait_for(lambda: readiness(second)["drainers"] == 1, "the second drains")
    wait_for(lambda: httpx.get(f"{second.url}/readyz").status_code == 200, "and is ready")


def test_with_a_prefix_each_both_work_on_their_own(
    stacks: list[Stack], own_redis_server: RedisServer
) -> None:
    """Events, retries, queues and schedulers are told apart."""
    for number, stack in enumerate(stacks):
        stack.environment["COMETHOOKS_KEY_PREFIX"] = f"deployment-{number}"
        stack.plugin("flaky", FLAKY)
        stack.web()
        stack.start("worker", "--workers", "1")
    accepted = [accept(stack) for stack in stacks]
    for stack, ids in zip(stacks, accepted, strict=True):
        wait_for(lambda stack=stack, ids=ids: stack.effects().ids == ids, "each has its own")
        wait_for(lambda stack=stack: len(retried(stack)) == 10, "and tries again what failed")
    assert not own_redis_server.client().keys("comethooks:*")
    for stack in stacks:
        wait_for(lambda stack=stack: readiness(stack)["degraded"] == [], "it has all that it needs")
        assert readiness(stack)["drainers"] == 1


def readiness(stack: Stack) -> dict[str, Any]:
    """The document of /readyz."""
    document: dict[str, Any] = httpx.get(f"{stack.url}/readyz").json()
    return document


def retried(stack: Stack) -> list[dict[str, Any]]:
    """The runs that ended well after they had failed."""
    return stack.listing("runs", "list", "--state", "done", "--handler", "flaky.again")


def test_a_redis_that_lost_its_data_takes_the_journal_that_drains(
    stacks: list[Stack], own_redis_server: RedisServer
) -> None:
    """It is a new one then, and nobody has to be asked."""
    first, _ = stacks
    first.web()
    first.start("worker", "--workers", "1")
    ids = accept(first)
    wait_for(lambda: first.effects().ids >= ids, "what came before is handled")
    own_redis_server.client().flushall()
    wait_for(lambda: first.post(message(2, 0)).status_code == 200, "events are accepted again")
    more = {first.post(message(1, number)).json()["id"] for number in range(10)}
    wait_for(lambda: first.effects().ids >= more, "and what came after")
    with_owner = own_redis_server.client()
    wait_for(lambda: with_owner.exists("comethooks:journal"), "Redis remembers the journal again")
