"""Kill -9 under load: every acknowledged event is processed, in order, and the partitions soon move
again.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from comethooks.workers.settings.settings import Settings
from comethooks.workers.streams.connections import connect
from tests.scenarios.judging import judge
from tests.scenarios.load import Poster, acknowledged, rate
from tests.scenarios.stack import children, work_horses_of, workers_of
from tests.scenarios.test_up import Up
from tests.waiting import wait_for

POSTERS = 6
PER_SECOND = 40.0
"""Each; together more than the 100 events a second that a kill must happen under."""

VICTIMS: dict[str, Callable[[Up], list[int]]] = {
    "work-horse": lambda up: work_horses_of(up.part("worker"))[:1],
    "worker": lambda up: workers_of(up.part("worker"))[:1],
    "worker and work-horse": lambda up: [
        pid for worker in workers_of(up.part("worker"))[:1] for pid in [worker, *children(worker)]
    ],
    "all workers and work-horses": lambda up: [
        pid for worker in workers_of(up.part("worker")) for pid in [worker, *children(worker)]
    ],
    "web": lambda up: [up.part("web"), *children(up.part("web"))],
    "embedded server": lambda up: [up.part("valkey")],
}


@pytest.fixture
def loaded(tmp_path: Path) -> Iterator[tuple[Up, list[Poster]]]:
    up = Up(tmp_path)
    up.stack.environment["COMETHOOKS_BASIC_AUTH"] = "scenario:Passw0rdOfTheScenario"
    up.start()
    posters = [Poster(up.stack, number, PER_SECOND) for number in range(POSTERS)]
    yield up, posters
    for poster in posters:
        poster.stop()
    up.stack.close()


@pytest.mark.timeout(300)
def test_whatever_is_killed_every_acknowledged_event_is_processed_in_order(
    loaded: tuple[Up, list[Poster]],
) -> None:
    """One deployment, six kinds of victims, one after the other, while the clients go on."""
    up, posters = loaded
    for poster in posters:
        poster.start()
    for name, victims in VICTIMS.items():
        wait_for(lambda: rate(posters) >= 100, "at least 100 events a second are acknowledged")
        under = rate(posters)
        pids = victims(up)
        assert pids
        assert all(pids)
        killed_at = time.monotonic()
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        goal = len(acknowledged(posters)) + 100
        wait_for(
            lambda goal=goal: len(acknowledged(posters)) >= goal, "later events are acknowledged"
        )
        later = {event for _, event in acknowledged(posters)}
        wait_for(lambda later=later: later <= up.stack.effects().ids, "all partitions move")
        moving = time.monotonic() - killed_at
        print(
            f"{name} killed under {under} events/s: 100 later ones in all partitions handled after"
            f" {moving:.1f} s"
        )
    for poster in posters:
        poster.stop()
    verdict = judge(up.stack, posters, connect(Settings.load(up.stack.environment).redis_url))
    print(verdict)
    assert not verdict.lost
    assert verdict.disordered == 0
    assert not verdict.dead
    assert len(verdict.repeats) <= 20 * len(VICTIMS)
