"""Runners and the thread that looks after them: what is told arrives, in order, or ends it."""

import threading

import pytest

from comethooks.workers.handlers.crew import Crew
from comethooks.workers.record import event_of
from comethooks.workers.states import RunState
from comethooks.workers.streams import counters, keys
from tests.waiting import wait_for
from tests.workers.desk import Desk
from tests.workers.engine import handler, record, services


def test_what_threads_tell_is_given_together_and_in_order(desk: Desk) -> None:
    """Without waiting when there is something, and no longer than asked when there is not."""
    crew: Crew[int] = Crew(1, services(), desk.redis)
    for number in range(3):
        crew.tell(number)
    assert crew.told(60.0) == [0, 1, 2]
    assert crew.told(0.0) == crew.told(0.01) == []


def test_what_ended_a_thread_is_raised_where_its_work_is_waited_for(desk: Desk) -> None:
    """Else nobody would ever hear of its runs again."""
    crew: Crew[int] = Crew(1, services(), desk.redis)
    crew.start()
    crew.submit(lambda runner: 1 // 0)  # type: ignore[arg-type, return-value]
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        wait_for(lambda: crew.told(0.1), "the runner has ended")


def test_whoever_listens_holds_runs_to_their_limits(desk: Desk) -> None:
    """A handler that takes too long is interrupted, and counted for the metrics."""
    crew: Crew[RunState] = Crew(1, services(), desk.redis)
    crew.start()
    slow = handler(
        lambda event, ctx: [threading.Event().wait(0.01) for _ in range(3000)], timeout=0.05
    )
    crew.submit(
        lambda runner: runner.execute(
            slow, event_of(record()), lambda result, *, given_up=False: crew.tell(result.state)
        )
    )
    told: list[RunState] = []
    wait_for(lambda: told.extend(crew.told(0.05)) or told, "it has ended")
    assert told == [RunState.DEAD]
    field = counters.field(counters.TIMEOUTS, "plugin.handler")
    assert desk.redis.hget(keys.COUNTERS, field) == b"1"
    crew.stop()
