"""What a handler logs is a line of its own, whatever it calls its values."""

from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from comethooks.workers.handlers.run import execute
from comethooks.workers.record import event_of
from comethooks.workers.states import RunState
from tests.workers.engine import handler, record, services


@pytest.fixture
def logged() -> Iterator[list[Any]]:
    """The lines that are logged."""
    structlog.reset_defaults()  # another test may have left a level below which nothing is logged
    with capture_logs() as lines:
        yield lines


def test_the_names_of_the_context_never_break_a_line(logged: list[Any]) -> None:
    """What stands for the event and the run stays; the author's value is there under another
    name.
    """
    kept = record()

    def tell(event: Any, ctx: Any) -> None:
        names = {"event": "e", "id": "i", "trigger": "t", "handler": "h", "attempt": 7}
        ctx.log.info("said", level="l", timestamp="now", mine=1, **names)

    assert execute(handler(tell), event_of(kept), services(), attempt=2).state is RunState.DONE
    [line] = logged
    assert line == {
        "event": "said",
        "id": kept.id,
        "trigger": kept.trigger,
        "handler": "plugin.handler",
        "attempt": 2,
        "log_level": "info",
        "mine": 1,
        "event_": "e",
        "id_": "i",
        "trigger_": "t",
        "handler_": "h",
        "attempt_": 7,
        "level_": "l",
        "timestamp_": "now",
    }


def test_what_is_bound_follows_the_same_rule(logged: list[Any]) -> None:
    """A logger that knows more is as safe."""

    def tell(event: Any, ctx: Any) -> None:
        log = ctx.log.bind(id="mine", user="ada")
        log.warning("asked %s", "twice", event="again")
        ctx.log.error("and this knows nothing of it")

    execute(handler(tell), event_of(record()), services())
    first, second = logged
    assert (first["event"], first["event_"], first["id_"], first["user"]) == (
        "asked twice",
        "again",
        "mine",
        "ada",
    )
    assert "user" not in second


@pytest.mark.parametrize("level", ["debug", "info", "warning", "error", "critical", "exception"])
def test_each_level_has_its_method(logged: list[Any], level: str) -> None:
    """Those of structlog."""

    def tell(event: Any, ctx: Any) -> None:
        getattr(ctx.log, level)("said", handler="h")

    assert execute(handler(tell), event_of(record()), services()).state is RunState.DONE
    expected = "error" if level == "exception" else level
    assert [(line["log_level"], line["handler_"]) for line in logged] == [(expected, "h")]


def test_a_handler_that_logs_nothing_binds_nothing() -> None:
    """Binding takes longer than most handlers."""
    bound: list[Any] = []

    class Bound(structlog.BoundLogger):
        def __init__(self, *args: Any) -> None:
            bound.append(args)

    before = structlog.get_config()["wrapper_class"]
    structlog.configure(wrapper_class=Bound)
    try:
        execute(handler(lambda event, ctx: None), event_of(record()), services())
    finally:
        structlog.configure(wrapper_class=before)
    assert bound == []
