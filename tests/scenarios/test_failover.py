"""A replica is promoted and the server before it lives on as a replica: a fail-over."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from comethooks.workers.streams import keys
from tests.redis_server import RedisName, RedisServer, running_server
from tests.scenarios.stack import RECORDER, Stack, free_port, message
from tests.waiting import wait_for

MOST_SECONDS = 20.0
"""Until everything goes on at the promoted server."""

FLAKY = """
    from comethooks import Plugin, Retry

    plugin = Plugin("flaky")

    @plugin.on("message_sent", retry=Retry(attempts=3, base=0.5, jitter=False))
    def again(event, ctx):
        if ctx.attempt == 1:
            raise ConnectionError("for the first time")
"""


@pytest.fixture
def primary() -> Iterator[RedisServer]:
    """A server that replicas can follow."""
    with running_server(port=free_port()) as server:
        yield server


@pytest.fixture
def replica(primary: RedisServer) -> Iterator[RedisServer]:
    """One that follows it, and has all that it has."""
    with running_server() as server:
        server.follow(primary.port)
        client = server.client()
        wait_for(
            lambda: client.info("replication")["master_link_status"] == "up", "the replica follows"
        )
        yield server


def test_everything_goes_on_at_the_promoted_server_without_a_restart(
    primary: RedisServer, replica: RedisServer, tmp_path: Path
) -> None:
    """The web process, the drainers, the worker for runs and the scheduler leave the demoted one,
    which answers, may be read, and hears of nothing that is new.
    """
    name = RedisName(tmp_path, primary)
    stack = Stack(tmp_path, name.url)
    stack.plugin("recorder", RECORDER)
    stack.plugin("flaky", FLAKY)
    stack.make_tables()
    try:
        stack.web()
        stack.start("worker", "--workers", "2")
        before = {stack.post(message(0, number)).json()["id"] for number in range(20)}
        wait_for(lambda: stack.effects().ids >= before, "what came before is handled")
        wait_for(lambda: done(stack) == 20, "and was tried again")
        wait_for(lambda: not waiting(primary), "and is journalled")
        primary.client().wait(1, 1000)

        replica.lead()
        primary.follow(1)
        name.lead_to(replica)
        after = set()
        for number in range(20):
            answer = stack.post(message(1, number))
            assert answer.status_code == 200, answer.text
            after.add(answer.json()["id"])
        taken = wait_for(
            lambda: stack.effects().ids >= after, "what came after is handled", seconds=MOST_SECONDS
        )
        wait_for(lambda: done(stack) == 40, "and was tried again", seconds=MOST_SECONDS)
        print(f"handled {taken:.1f} s after the fail-over")
        wait_for(lambda: httpx.get(f"{stack.url}/readyz").status_code == 200, "it is ready")
        assert replica.client().exists(keys.LEADER)
        assert "process died" not in stack.log()
    finally:
        stack.close()


def done(stack: Stack) -> int:
    """How many runs ended well after they had failed."""
    return len(stack.listing("runs", "list", "--state", "done", "--handler", "flaky.again"))


def waiting(server: RedisServer) -> int:
    """How many bytes wait."""
    return int(server.client().get(keys.BACKLOG) or 0)  # type: ignore[arg-type]
