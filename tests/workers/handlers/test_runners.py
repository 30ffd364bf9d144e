"""Threads that run handlers: each run within its limit, and each end told exactly once."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from comethooks.workers.handlers.runners import Runner, Runners
from comethooks.workers.journal import RunResult
from comethooks.workers.plugins.retry import Retry
from comethooks.workers.record import event_of
from comethooks.workers.states import RunState
from tests.waiting import wait_for
from tests.workers.engine import handler, record, services


class Ends:
    """What was told of the ends of runs."""

    def __init__(self) -> None:
        self.told: list[tuple[RunResult, bool]] = []

    def __call__(self, result: RunResult, *, given_up: bool = False) -> None:
        self.told.append((result, given_up))


@pytest.fixture
def interrupted() -> list[str]:
    """The handlers that were interrupted."""
    return []


@pytest.fixture
def runners(interrupted: list[str]) -> Iterator[Runners]:
    failures: list[Exception] = []
    made = Runners(2, services(), on_failure=failures.append, on_timeout=interrupted.append)
    made.start()
    yield made
    made.stop()
    assert failures == []


def run(
    runners: Runners,
    ends: Ends,
    function: Callable[..., Any],
    *,
    dry_run: bool = False,
    **declared: Any,
) -> None:
    """Have `function` run as a handler."""

    def work(runner: Runner) -> None:
        runner.execute(handler(function, **declared), event_of(record()), ends, dry_run=dry_run)

    runners.submit(work)


def ended(runners: Runners, ends: Ends, count: int = 1) -> Callable[[], bool]:
    """Whether so many ends were told; holds the runs to their limits meanwhile."""

    def look() -> bool:
        runners.enforce_limits()
        return len(ends.told) >= count

    return look


def test_python_code_that_takes_too_long_is_interrupted_where_it_is(
    runners: Runners, interrupted: list[str]
) -> None:
    """With a traceback, and the thread goes on with other runs. It is told once, for the
    metrics.
    """

    def spin(event: Any, ctx: Any) -> None:
        while True:
            pass

    ends = Ends()
    run(runners, ends, spin, timeout=0.05)
    wait_for(ended(runners, ends), "it is interrupted")
    ((result, given_up),) = ends.told
    assert (result.state, given_up, runners.stuck) == (RunState.DEAD, False, False)
    assert result.error == "HandlerTimeoutError: it took longer than 0.05 s"
    assert "in spin" in (result.traceback or "")
    assert interrupted == ["plugin.handler"]
    for _ in range(4):
        run(runners, ends, lambda e, c: None)
    wait_for(ended(runners, ends, 5), "the threads still work")
    assert {result.state for result, _ in ends.told[1:]} == {RunState.DONE}


def test_a_thread_that_cannot_be_interrupted_is_given_up(runners: Runners) -> None:
    """The end of its run is told once, with the place where it hangs and what it did, though it
    comes back later.
    """
    go_on, came_back = threading.Event(), threading.Event()

    def hang(event: Any, ctx: Any) -> None:
        ctx.http.post("https://shop.example/in")
        try:
            go_on.wait(30)
        finally:
            came_back.set()

    ends = Ends()
    run(runners, ends, hang, timeout=0.5, retry=Retry(attempts=2), dry_run=True)
    wait_for(ended(runners, ends), "it is given up")
    ((result, given_up),) = ends.told
    assert (result.state, given_up, runners.stuck) == (RunState.RETRYING, True, True)
    assert "in hang" in (result.traceback or "")
    assert result.effects == ("would POST https://shop.example/in",)
    go_on.set()
    assert came_back.wait(10)
    run(runners, ends, lambda e, c: None)
    wait_for(ended(runners, ends, 2), "the other thread works on")
    assert len(ends.told) == 2


def test_more_hangs_than_threads_leave_no_work_behind(runners: Runners) -> None:
    """A thread that is given up is replaced, so whatever waits is at least handed back."""
    go_on = threading.Event()
    ends = Ends()
    for _ in range(5):
        run(runners, ends, lambda e, c: go_on.wait(60), timeout=0.05)
    wait_for(ended(runners, ends, 5), "all are given up", seconds=30)
    run(runners, ends, lambda e, c: None)
    wait_for(ended(runners, ends, 6), "and work goes on")
    assert [given_up for _, given_up in ends.told] == [True] * 5 + [False]
    go_on.set()


def test_a_handler_that_swallows_the_interruption_and_ends_is_done(runners: Runners) -> None:
    """It ended, and nothing is raised afterwards."""

    def swallow(event: Any, ctx: Any) -> None:
        try:
            while True:
                pass
        except BaseException:
            return

    ends = Ends()
    run(runners, ends, swallow, timeout=0.05)
    wait_for(ended(runners, ends), "it ends")
    assert ends.told[0][0].state is RunState.DONE


def test_an_interruption_never_hits_the_run_after_it(runners: Runners) -> None:
    """Runs that last just as long as they may: each is told once, whichever way it ended."""
    ends, count = Ends(), 300
    stop = threading.Event()

    def enforce() -> None:
        while not stop.is_set():
            runners.enforce_limits()

    def last(event: Any, ctx: Any) -> None:
        end = time.monotonic() + 0.002
        while time.monotonic() < end:
            pass

    enforcing = threading.Thread(target=enforce)
    enforcing.start()
    for _ in range(count):
        run(runners, ends, last, timeout=0.002)
    wait_for(lambda: len(ends.told) == count, "all have ended", seconds=60)
    stop.set()
    enforcing.join()
    assert {given_up for _, given_up in ends.told} == {False}
    run(runners, ends, lambda e, c: None)
    wait_for(lambda: len(ends.told) == count + 1, "the threads still work")
    assert ends.told[-1][0].state is RunState.DONE
