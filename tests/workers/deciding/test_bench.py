"""The threads of a decider, and when it is asked."""

import threading
from typing import Any

import pytest

from comethooks import Plugin
from comethooks.testing.configuring import loaded
from comethooks.workers.deciding.bench import Bench
from comethooks.workers.deciding.combining import DeciderFailure, Fault, Opinion
from comethooks.workers.deciding.resting import MOST_IN_A_ROW, REST_SECONDS

FAILED = Opinion("gate.judge", 1, failure=DeciderFailure("gate.judge", Fault.RAISED, "ValueError"))
WELL = Opinion("gate.judge", 1)


class Time:
    """A clock that stands still until it is told otherwise."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def bench(clock: Time) -> Bench:
    plugin = Plugin("gate")

    @plugin.decide("before_message")
    def judge(event: Any, ctx: Any) -> None:
        """Let it pass."""

    [bound] = loaded(plugin, {}, 1).deciders
    return Bench(bound, clock=clock)


def test_a_system_without_threads_is_asked_for_one_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the next message: until then nobody can be asked."""
    served = threading.Event()

    class Question:
        def serve(self) -> None:
            served.set()

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as without:
        without.setattr(threading.Thread, "start", refuse)
        made = bench(Time())
        made.submit(Question())
        assert not served.is_set()
    made.submit(Question())
    assert served.wait(10)
    made.close()


def test_after_a_rest_one_call_is_its_trial() -> None:
    """Of a hundred that come while it is under way, each finds the decider resting."""
    clock = Time()
    made = bench(clock)
    for _ in range(MOST_IN_A_ROW):
        assert made.admits()
        assert made.heard(FAILED, began=True)
    assert not made.admits()
    clock.now += REST_SECONDS
    assert [made.admits() for _ in range(100)] == [True] + [False] * 99
    made.heard(FAILED, began=True)
    assert not made.admits()
    clock.now += REST_SECONDS
    assert made.admits()
    made.heard(WELL, began=True)
    assert all(made.admits() for _ in range(100))
    made.close()


def test_what_fails_while_it_rests_is_not_told_of() -> None:
    """Calls that were under way when it was sent to rest: there may be thousands."""
    made = bench(Time())
    told = [made.heard(FAILED, began=True) for _ in range(100)]
    assert told == [True] * MOST_IN_A_ROW + [False] * (100 - MOST_IN_A_ROW)
    made.close()
