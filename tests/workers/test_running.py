"""One run, and the mark that says how it ended."""

from typing import Any

import pytest

from tests.workers.engine import handler, record
from workers.running import STARTED, event_of, execute, mark_of, results_in
from workers.states import RunState

CLOCK = iter(range(1000, 10_000)).__next__


def test_a_handler_gets_the_event_and_its_context() -> None:
    """Typed, and with the handler's id and attempt."""
    got: list[Any] = []
    result = execute(
        handler(lambda event, ctx: got.append((event, ctx))), event_of(record(2, 7)), clock=CLOCK
    )
    event, context = got[0]
    assert event.message.text == "message 7"
    assert (context.handler, context.attempt) == ("plugin.handler", 1)
    assert result.state is RunState.DONE
    assert result.finished_at == (result.started_at or 0) + 1


@pytest.mark.parametrize("error", [ValueError("no such user"), SystemExit(3), KeyboardInterrupt()], ids=repr)
def test_whatever_it_raises_makes_the_run_dead_and_goes_no_further(error: BaseException) -> None:
    """With the line and the traceback that a person needs."""

    def fail(event: Any, ctx: Any) -> None:
        raise error

    result = execute(handler(fail), event_of(record()))
    assert result.state is RunState.DEAD
    assert type(error).__name__ in (result.error or "")
    assert "in fail" in (result.traceback or "")


def test_a_mark_holds_the_whole_result() -> None:
    """Text that JSON refuses included."""

    def fail(event: Any, ctx: Any) -> None:
        raise ValueError("half an emoji \ud83d and \x00")

    result = execute(handler(fail), event_of(record()))
    assert results_in({b"5-0/plugin.handler": mark_of(result)}) == {"5-0": [result]}


def test_a_run_that_only_started_has_no_result() -> None:
    """It is run again."""
    assert results_in({b"5-0/a.b": STARTED}) == {}
