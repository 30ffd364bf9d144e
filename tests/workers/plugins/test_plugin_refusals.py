"""What a plugin refuses to register, with the place and the reason."""

import functools
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from comethooks.schemas import COMETCHAT, ECHO
from comethooks.workers.plugins.config import Config
from comethooks.workers.plugins.plugin import Plugin
from comethooks.workers.plugins.plugin_errors import (
    DuplicateError,
    HandlerError,
    PatternError,
    PluginError,
    SignatureError,
)
from tests.workers.plugins.registering import greet, place


def refused(
    plugin: Plugin, function: Any, error: type[PluginError], *, patterns: Any = ("message_sent",)
) -> PluginError:
    """The error that registering `function` raises."""
    with pytest.raises(error) as caught:
        plugin.on(*patterns)(function)
    assert type(caught.value) is error
    assert plugin.handlers == ()
    return caught.value


class TestWhyNot:
    """The other side of `matches`: None exactly when the handler matches."""

    @pytest.mark.parametrize(
        "patterns, echoes, name, source, why",
        [
            (("message.sent",), False, "message.sent", COMETCHAT, None),
            (("toys:*", "message_*"), False, "message.sent", COMETCHAT, None),
            (
                ("message_edited",),
                False,
                "message.sent",
                COMETCHAT,
                '"message_edited" does not fit message_sent or message.sent',
            ),
            (("group_*",), False, None, COMETCHAT, '"group_*" does not fit message_sent'),
            (
                ("group_*", "toys:*"),
                False,
                None,
                COMETCHAT,
                (
                    '"group_*" does not fit message_sent; "toys:*" means events of toys, and this'
                    " is one of cometchat"
                ),
            ),
            (
                ("group_*", "user_*", "call_*", "receipt.*"),
                False,
                "message.sent",
                COMETCHAT,
                "none of its 4 patterns fits message_sent or message.sent",
            ),
            (("*",), False, None, "toys", '"*" means events of cometchat, and this is one of toys'),
            (("*",), True, ECHO, COMETCHAT, None),
            (
                ("*",),
                False,
                ECHO,
                COMETCHAT,
                "it only repeats an edit or a deletion, which takes echoes=True",
            ),
            (
                ("group_*",),
                False,
                ECHO,
                COMETCHAT,
                '"group_*" does not fit message_sent or message.echo',
            ),
        ],
    )
    def test_each_reason_is_told(
        self,
        patterns: tuple[str, ...],
        echoes: bool,
        name: str | None,
        source: str,
        why: str | None,
        plugin: Plugin,
    ) -> None:
        plugin.on(*patterns, echoes=echoes)(greet)
        [handler] = plugin.handlers
        assert handler.why_not("message_sent", name, source) == why
        assert handler.matches("message_sent", name, source) is (why is None)


class TestRefusals:
    """Each names plugin, function, file and line, and says what to write."""

    def test_no_pattern(self, plugin: Plugin) -> None:
        error = refused(plugin, greet, PatternError, patterns=())
        assert (
            str(error) == f"handler welcome.greet ({place(greet)}): name at least one trigger:"
            ' @plugin.on("message_sent")'
        )
        assert error.where == place(greet)

    @pytest.mark.parametrize(
        "pattern", ["", " ", "message sent", "message_sent\n", 3, None, b"message_sent"]
    )
    def test_what_is_no_pattern(self, pattern: Any, plugin: Plugin) -> None:
        error = refused(plugin, greet, PatternError, patterns=("message_sent", pattern))
        assert repr(pattern) in str(error)
        assert place(greet) in str(error)

    def test_the_decorator_without_its_call(self, plugin: Plugin) -> None:
        with pytest.raises(
            HandlerError, match=re.escape('write @plugin.on("message_sent")')
        ) as caught:
            plugin.on(greet)  # type: ignore[arg-type]
        assert str(caught.value).startswith(f"handler welcome.greet ({place(greet)})")

    def test_the_decorator_without_its_call_on_a_class(self, plugin: Plugin) -> None:
        with pytest.raises(HandlerError) as caught:
            plugin.on(Config)  # type: ignore[arg-type]
        assert caught.value.where.startswith(f"{__file__}:")

    def test_a_coroutine(self, plugin: Plugin) -> None:
        async def later(event: Any, ctx: Any) -> None: ...

        @functools.wraps(later)
        def wrapped(event: Any, ctx: Any) -> Any:
            return later(event, ctx)

        assert 'write "def"' in str(refused(plugin, later, HandlerError))
        assert place(later) in str(refused(plugin, wrapped, HandlerError))

    def test_generators(self, plugin: Plugin) -> None:
        def some(event: Any, ctx: Any) -> Iterator[int]:
            yield 1

        async def more(event: Any, ctx: Any) -> AsyncIterator[int]:
            yield 1

        assert 'remove "yield"' in str(refused(plugin, some, HandlerError))
        assert 'write "def"' in str(refused(plugin, more, HandlerError))

    @pytest.mark.parametrize(
        ("function", "problem"),
        [
            (lambda event: None, "too many positional arguments"),
            (lambda: None, "too many positional arguments"),
            (lambda event, ctx, more: None, "missing a required argument: 'more'"),
            (lambda event, ctx, *, key: None, "missing a required keyword-only argument: 'key'"),
            (lambda event, *, ctx: None, "too many positional arguments"),
        ],
    )
    def test_what_cannot_be_called_with_an_event_and_a_context(
        self, function: Any, problem: str, plugin: Plugin
    ) -> None:
        function.__name__ = "named"
        error = str(refused(plugin, function, SignatureError))
        assert "cannot be called as named(event, ctx): " in error
        assert place(function) in error
        if "keyword" not in problem:
            assert problem in error

    def test_a_lambda(self, plugin: Plugin) -> None:
        assert "write it with def" in str(refused(plugin, lambda event, ctx: None, HandlerError))

    @pytest.mark.parametrize("thing", [functools.partial(greet), Config, print, 3])
    def test_what_is_no_function(self, thing: Any, plugin: Plugin) -> None:
        error = refused(plugin, thing, HandlerError)
        assert "is not a function" in str(error)
        assert error.where.startswith(f"{__file__}:")

    def test_two_of_the_same_name(self, plugin: Plugin) -> None:
        def other(event: Any, ctx: Any) -> None: ...

        other.__name__ = "greet"
        plugin.on("*")(greet)
        with pytest.raises(DuplicateError) as caught:
            plugin.on("*")(other)
        assert place(other) in str(caught.value)
        assert f"{place(greet)} has a handler of the same name" in str(caught.value)
        assert [handler.function for handler in plugin.handlers] == [greet]

    def test_the_same_one_twice(self, plugin: Plugin) -> None:
        plugin.on("message_sent")(greet)
        with pytest.raises(DuplicateError) as caught:
            plugin.on("receipt.read")(greet)
        assert '@plugin.on("message_sent", "receipt.read")' in str(caught.value)
