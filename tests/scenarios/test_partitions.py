"""Dividing the work otherwise while everything runs: nothing is lost, and no conversation gets out
of order.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from comethooks.workers.streams.layout import Layout, Layouts, read_layouts
from tests.redis_server import RedisServer
from tests.scenarios.load import Poster, acknowledged
from tests.scenarios.stack import RECORDER, Stack, by_conversation
from tests.waiting import wait_for


@pytest.fixture
def stack(own_redis_server: RedisServer, tmp_path: Path) -> Iterator[Stack]:
    made = Stack(tmp_path, own_redis_server.url)
    made.plugin("recorder", RECORDER)
    made.make_tables()
    yield made
    made.close()


@pytest.mark.timeout(120)
def test_partitions_are_changed_under_load(stack: Stack, own_redis_server: RedisServer) -> None:
    """Up and down again, while two workers drain and clients post; both web processes learn of it
    by themselves.
    """
    stack.web()
    stack.start("worker", "--workers", "2")
    posters = [Poster(stack, number, 20.0) for number in range(4)]
    for poster in posters:
        poster.start()
    for count in (23, 3):
        goal = len(acknowledged(posters)) + 100
        wait_for(lambda goal=goal: len(acknowledged(posters)) >= goal, "events are acknowledged")
        answer = stack.run("partitions", "set", str(count))
        assert f"{count} new partitions" in answer.stderr
        assert "the new ones are drained" in answer.stderr
    assert read_layouts(own_redis_server.client()) == Layouts(Layout(3, 16 + 23))
    goal = len(acknowledged(posters)) + 100
    wait_for(lambda: len(acknowledged(posters)) >= goal, "events are acknowledged")
    for poster in posters:
        poster.stop()
    ledger = acknowledged(posters)
    ids = {event for _, event in ledger}
    wait_for(
        lambda: ids <= stack.effects().ids, "every acknowledged event is processed", seconds=30
    )
    effects = stack.effects()
    assert (effects.disorders(by_conversation(ledger)), effects.repeats) == (0, 0)
    assert sum(poster.failures for poster in posters) == 0


def test_a_start_with_another_number_says_what_to_do(
    stack: Stack, own_redis_server: RedisServer
) -> None:
    """Both commands do, and end with 1; without a number in the settings they take what there
    is.
    """
    stack.run("partitions", "set", "4")
    stack.environment["COMETHOOKS_PARTITIONS"] = "8"
    for command in ("web", "worker"):
        refused = stack.run(command, check=False)
        assert refused.returncode == 1
        assert "comethooks partitions set 8" in refused.stderr
    stack.run("partitions", "set", "8", "--no-wait")
    assert read_layouts(own_redis_server.client()).accepting.count == 8
    assert len(stack.listing("partitions", "list")) == 12
