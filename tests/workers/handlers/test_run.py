"""One run: what the handler gets, and what its end means."""

from typing import Any

import pytest

from comethooks.workers.drain.marks import mark_of, marks_in
from comethooks.workers.handlers.run import execute
from comethooks.workers.plugins.retry import Retry, RetryLater, Stop
from comethooks.workers.record import event_of
from comethooks.workers.states import RunState
from tests.workers.engine import handler, record, services

CLOCK = iter(range(1000, 10_000)).__next__


def test_a_handler_gets_the_event_and_its_context() -> None:
    """Typed, and with the handler's id and attempt."""
    got: list[Any] = []
    result = execute(
        handler(lambda event, ctx: got.append((event, ctx))),
        event_of(record(2, 7)),
        services(clock=CLOCK),
    )
    event, context = got[0]
    assert event.message.text == "message 7"
    assert (context.handler, context.attempt) == ("plugin.handler", 1)
    assert result.state is RunState.DONE
    assert result.finished_at == (result.started_at or 0) + 1


@pytest.mark.parametrize(
    "error", [ValueError("no such user"), SystemExit(3), KeyboardInterrupt()], ids=repr
)
def test_whatever_it_raises_makes_the_run_dead_and_goes_no_further(error: BaseException) -> None:
    """With the line and the traceback that a person needs."""

    def fail(event: Any, ctx: Any) -> None:
        raise error

    result = execute(handler(fail), event_of(record()), services())
    assert result.state is RunState.DEAD
    assert type(error).__name__ in (result.error or "")
    assert "in fail" in (result.traceback or "")


class Untellable(Exception):
    """Its text ends whoever asks for it."""

    def __str__(self) -> str:
        raise SystemExit(1)


@pytest.mark.parametrize(
    "error",
    [Untellable(), SyntaxError("no", ("file.py", 3, "odd", "text"))],
    ids=["text", "offset"],
)
def test_an_exception_that_cannot_be_told_still_ends_its_run(error: Exception) -> None:
    """The class is what is left to say; nothing of it reaches the thread that runs handlers."""

    def fail(event: Any, ctx: Any) -> None:
        raise error

    result = execute(handler(fail), event_of(record()), services())
    assert result.state is RunState.DEAD
    assert type(error).__name__ in (result.error or "")


def test_with_attempts_left_the_run_is_tried_again_later() -> None:
    """When, is in the result."""

    def fail(event: Any, ctx: Any) -> None:
        raise ValueError("no")

    declared = handler(fail, retry=Retry(attempts=3, base=2.0, jitter=False))
    result = execute(declared, event_of(record()), services(clock=lambda: 50_000), attempt=2)
    assert (result.state, result.attempts, result.next_at) == (RunState.RETRYING, 2, 54_000)
    assert execute(declared, event_of(record()), services(), attempt=3).state is RunState.DEAD


def test_a_handler_can_say_itself_what_comes_next() -> None:
    """`Stop` ends the run though attempts are left; `RetryLater` names the time, even without a
    `Retry`.
    """

    def stop(event: Any, ctx: Any) -> None:
        raise Stop("the user is gone")

    def later(event: Any, ctx: Any) -> None:
        raise RetryLater(60)

    stopped = execute(handler(stop, retry=Retry(attempts=9)), event_of(record()), services())
    assert (stopped.state, stopped.error) == (RunState.DEAD, "Stop: the user is gone")
    put_off = execute(handler(later), event_of(record()), services(clock=lambda: 1_000))
    assert (put_off.state, put_off.next_at) == (RunState.RETRYING, 61_000)


def test_a_mark_holds_the_whole_result() -> None:
    """Text that JSON refuses included."""

    def fail(event: Any, ctx: Any) -> None:
        raise ValueError("half an emoji \ud83d and \x00")

    result = execute(handler(fail), event_of(record()), services())
    assert marks_in({b"5-0/plugin.handler": mark_of(result)})["5-0"].results == [result]
