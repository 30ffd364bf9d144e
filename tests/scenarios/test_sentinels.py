"""Redis' primary is killed, hangs, or is cut off for a while, and Sentinel promotes a replica."""

import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from comethooks.workers.streams.connections import connect
from tests.redis_server import RedisServer
from tests.scenarios.judging import judge
from tests.scenarios.load import Poster, acknowledged, answers
from tests.scenarios.stack import RECORDER, Stack
from tests.sentinels import Watched, watched
from tests.waiting import wait_for

WORKING_SECONDS = 15.0
"""From the promotion until drainers are at work again."""

Fault = Callable[[RedisServer], None]


def kill(server: RedisServer) -> None:
    """It is gone, and its connections with it."""
    server.kill()


def freeze(server: RedisServer) -> None:
    """Connections stay, and answers do not come."""
    server.freeze()


FAULTS: dict[str, tuple[Fault, Callable[[RedisServer], None]]] = {
    "killed": (kill, RedisServer.start),
    "cut off": (freeze, RedisServer.thaw),
}
"""What is done to the primary, and what ends it once another one is promoted: it comes back, and
takes itself for the primary until it is told.
"""


def fail_over(
    several: Watched, stack: Stack, posters: list[Poster], fault: str, *, last: bool
) -> str:
    """Do it to the primary, wait until everything goes on, and bring it back, unless it is the last
    time. Returns what it took, in words.
    """
    begin, end = FAULTS[fault]
    first = several.primary
    begun = time.monotonic()
    begin(first)
    several.wait_for_another(first)
    promoted = time.monotonic()
    before = stack.effects().ids
    wait_for(
        lambda: {event for _, event in acknowledged(posters)} & (stack.effects().ids - before),
        "drainers are at work again",
        seconds=WORKING_SECONDS,
    )
    working = time.monotonic()
    if not last:
        # What Sentinel began is to be over: a server that comes back as a primary in the middle of
        # it is one more to choose from.
        several.wait_until_followed(1)
        end(first)
        several.wait_until_complete()
    given = answers(posters, begun, time.monotonic())
    refused = sum(each.status != 200 for each in given)
    slowest = max(each.seconds for each in given)
    return (
        f"{fault}: promoted after {promoted - begun:.1f} s, at work {working - promoted:.1f} s"
        f" later; {refused} of {len(given)} calls refused, the slowest took {slowest:.2f} s"
    )


def campaign(tmp_path: Path, faults: list[str], per_second: float, workers: int) -> None:
    """Fail over again and again, under load, and judge what became of everything."""
    with watched(complete=False, appendfsync="no", min_replicas_to_write="1") as several:
        settings = {"COMETHOOKS_REDIS_REPLICAS": "1"}
        stack = Stack(tmp_path, several.url, settings=settings)
        stack.plugin("recorder", RECORDER)
        stack.make_tables()
        posters = [Poster(stack, number, per_second / 4) for number in range(4)]
        try:
            stack.start("web")
            stack.start("worker", "--workers", str(workers))
            several.wait_until_complete()
            wait_for(stack.answers, "the web process answers")
            for poster in posters:
                poster.start()
            wait_for(lambda: len(stack.effects().ids) > per_second, "events are handled")
            for number, fault in enumerate(faults, 1):
                print(fail_over(several, stack, posters, fault, last=number == len(faults)))
            for poster in posters:
                poster.stop()
            verdict = judge(stack, posters, connect(several.url))
            print(verdict)
            assert not verdict.lost
            assert not verdict.dead
            assert not verdict.disordered
            assert not sum(poster.failures for poster in posters), "every answer is 200"
            wait_for(lambda: httpx.get(f"{stack.url}/readyz").status_code == 200, "it is ready")
        finally:
            for poster in posters:
                poster.stop()
            stack.close()


def test_a_fail_over_loses_nothing(tmp_path: Path) -> None:
    """With a replica that has every event before it is answered, or the spool of the host. So every
    answer is 200.
    """
    campaign(tmp_path, ["killed"], 40, workers=1)


@pytest.mark.attack
@pytest.mark.timeout(1200)
def test_ten_fail_overs_lose_nothing(tmp_path: Path) -> None:
    """At 200 events a second: the primary is killed, and cut off, in turn."""
    campaign(tmp_path, ["killed", "cut off"] * 5, 200, workers=2)
