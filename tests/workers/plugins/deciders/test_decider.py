"""A function that cannot decide is refused where it is registered, with what to write instead."""

import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from comethooks import CallEvent, Decision, Plugin
from comethooks.workers.plugins.plugin_errors import (
    DuplicateError,
    FilterError,
    HandlerError,
    OptionError,
    PatternError,
    PluginError,
    SignatureError,
)
from tests.workers.deciding.messages import in_flight


def judge(event: Any, ctx: Any) -> None:
    """Let it pass."""


async def later(event: Any, ctx: Any) -> None:
    """Nobody awaits it."""


async def one_by_one(event: Any, ctx: Any) -> AsyncIterator[None]:
    """Nobody awaits it either."""
    yield


def each(event: Any, ctx: Any) -> Iterator[Decision]:
    """Nobody iterates over it."""
    yield Decision.drop("spam")


def alone(event: Any) -> None:
    """It takes too little."""


def of_calls(event: CallEvent, ctx: Any) -> None:
    """No message in flight is a call."""


def refusal(function: Any, *patterns: Any, **options: Any) -> PluginError:
    """The error that registering `function` raises."""
    plugin = Plugin("gate")
    with pytest.raises(PluginError) as caught:
        plugin.decide(*patterns, **options)(function)
    assert plugin.deciders == ()
    return caught.value


def test_a_decider_is_registered_and_stays_a_function() -> None:
    """A test can call it."""
    plugin = Plugin("gate")
    decorated = plugin.decide("before_message", timeout="300ms", shadow=True, type="text")(judge)
    [decider] = plugin.deciders
    assert decorated is judge
    assert (decider.id, decider.timeout, decider.shadow) == ("gate.judge", 0.3, True)
    assert list(map(str, decider.filters)) == ["type=text"]
    assert repr(plugin) == "<Plugin gate: judge>"


@pytest.mark.parametrize(("written", "seconds"), [("1s", 1.0), (0.25, 0.25), (1, 1), (None, None)])
def test_a_timeout_is_written_with_its_unit_or_in_seconds(written: Any, seconds: Any) -> None:
    """Without one, it may take what all deciders have together."""
    plugin = Plugin("gate")
    plugin.decide("before_message", timeout=written)(judge)
    assert plugin.deciders[0].timeout == seconds


@pytest.mark.parametrize(
    ("function", "patterns", "options", "error", "says"),
    [
        (later, ("before_message",), {}, HandlerError, 'deciders run in threads: write "def"'),
        (one_by_one, ("before_message",), {}, HandlerError, "is asynchronous"),
        (each, ("before_message",), {}, HandlerError, "is a generator, which would never run"),
        (
            alone,
            ("before_message",),
            {},
            SignatureError,
            r"called as alone\(event, ctx\)",
        ),
        (of_calls, ("before_message",), {}, SignatureError, "it takes CallEvent"),
        (judge, (), {}, PatternError, '@plugin.decide\\("before_message"\\)'),
        (judge, ("message_sent",), {}, PatternError, "@plugin.on\\('message_sent'\\)"),
        (judge, ("before_*",), {}, PatternError, "nobody waits for a decision on 'before_\\*'"),
        (judge, (7,), {}, PatternError, "nobody waits for a decision on 7"),
        (judge, ("before_message",), {"sort": "text"}, FilterError, "there is no filter 'sort'"),
        (judge, ("before_message",), {"sahdow": True}, FilterError, 'did you mean "shadow"'),
        (judge, ("before_message",), {"type": ()}, FilterError, "leaves out every event"),
        (judge, ("before_message",), {"decision": "drop"}, FilterError, "nobody has decided"),
        (judge, ("before_message",), {"timeout": "soon"}, OptionError, 'write timeout="300ms"'),
        (judge, ("before_message",), {"timeout": 0}, OptionError, 'write timeout="300ms"'),
        (judge, ("before_message",), {"timeout": True}, OptionError, 'write timeout="300ms"'),
        (judge, ("before_message",), {"timeout": "2s"}, OptionError, 'up to "1500ms"'),
        (judge, ("before_message",), {"shadow": 1}, OptionError, "neither True nor False"),
    ],
)
def test_what_cannot_decide_is_refused(
    function: Callable[..., Any],
    patterns: tuple[Any, ...],
    options: dict[str, Any],
    error: type[PluginError],
    says: str,
) -> None:
    """By plugin, function and line, with what to write."""
    refused = refusal(function, *patterns, **options)
    line = inspect.unwrap(function).__code__.co_firstlineno
    assert type(refused) is error
    assert str(refused).startswith(f"decider gate.{function.__name__} ({__file__}:{line}): ")
    assert refused.plugin == "gate"
    with pytest.raises(error, match=says):
        raise refused


def test_the_decorator_without_what_it_decides_on_is_named() -> None:
    """It was given the function in place of a trigger."""
    with pytest.raises(HandlerError, match=r'write @plugin\.decide\("before_message"\)'):
        Plugin("gate").decide(judge)  # type: ignore[arg-type]


def test_a_plugin_has_deciders_beside_its_handlers() -> None:
    """They decide first, and handlers on the same trigger run afterwards."""
    plugin = Plugin("gate")
    plugin.decide("before_message")(judge)

    @plugin.on("before_message")
    def note(event: Any, ctx: Any) -> None:
        """Look at what was decided."""

    assert [each.id for each in plugin.deciders] == ["gate.judge"]
    assert [each.id for each in plugin.handlers] == ["gate.note"]


def test_one_function_is_not_both() -> None:
    """In whichever order it is decorated: its votes and its runs have ids of their own."""
    plugin, other = Plugin("gate"), Plugin("gate")
    plugin.decide("before_message")(judge)
    with pytest.raises(DuplicateError, match="registered as a decider already"):
        plugin.on("before_message")(judge)
    other.on("before_message")(judge)
    with pytest.raises(DuplicateError, match="registered as a handler already"):
        other.decide("before_message")(judge)


def test_two_deciders_of_one_name_are_refused() -> None:
    """As two handlers are: votes are kept by it."""
    plugin = Plugin("gate")
    plugin.decide("before_message")(judge)

    def another(event: Any, ctx: Any) -> None:
        """Let it pass, too."""

    another.__name__ = "judge"
    with pytest.raises(DuplicateError, match="has a decider of the same name; rename one"):
        plugin.decide("before_message")(another)


def test_why_a_decider_is_not_asked_can_be_told() -> None:
    """By what it decides on, and by its filters."""
    plugin = Plugin("gate")
    plugin.decide("before_message", sender="grace")(judge)
    [decider] = plugin.deciders
    assert decider.why_unwanted(in_flight(sender="grace")) is None
    assert decider.why_unwanted(in_flight(sender="ada")) == 'sender is "ada", not "grace"'
