"""What plugin authors write with, and what they are told when they get it wrong."""

import dataclasses
import functools
import inspect
import math
import re
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
import structlog
from marshmallow import fields

from comethooks.schemas import COMETCHAT, ECHO
from comethooks.workers.handlers.context import Context
from comethooks.workers.plugins.config import Config
from comethooks.workers.plugins.plugin import Plugin
from comethooks.workers.plugins.plugin_errors import (
    ConfigError,
    DuplicateError,
    HandlerError,
    OptionError,
    PatternError,
    PluginError,
    PluginNameError,
    SignatureError,
)
from comethooks.workers.plugins.retry import Retry


@pytest.fixture
def plugin() -> Plugin:
    return Plugin("welcome")


def hear(event: Any, ctx: Any) -> None:
    """Another handler."""


def place(function: Callable[..., Any]) -> str:
    return f"{__file__}:{inspect.unwrap(function).__code__.co_firstlineno}"


def refused(
    plugin: Plugin, function: Any, error: type[PluginError], *, patterns: Any = ("message_sent",)
) -> PluginError:
    """The error that registering `function` raises."""
    with pytest.raises(error) as caught:
        plugin.on(*patterns)(function)
    assert type(caught.value) is error
    assert plugin.handlers == ()
    return caught.value


def greet(event: Any, ctx: Any) -> str:
    return "greeted"


class TestName:
    @pytest.mark.parametrize("name", ["welcome", "a", "spam_filter2"])
    def test_letters_digits_and_underscores_are_fine(self, name: str) -> None:
        assert Plugin(name).name == name

    @pytest.mark.parametrize(
        "name", ["", "Welcome", "my-plugin", "1st", "_x", "a.b", "ü", "a\n", None]
    )
    def test_others_are_refused_at_once_with_the_place(self, name: Any) -> None:
        with pytest.raises(PluginNameError, match="begins with a lower-case letter") as caught:
            Plugin(name)
        assert caught.value.where.startswith(f"{__file__}:")
        assert repr(name) in str(caught.value)

    @pytest.mark.parametrize("name", ["message", "group", "user", "push_notification"])
    def test_the_first_part_of_a_canonical_name_is_refused(self, name: str) -> None:
        """What it emits could not be told from an event of CometChat's."""
        with pytest.raises(
            PluginNameError, match=rf'"{name}\.…" is what events of CometChat are called'
        ):
            Plugin(name)
        Plugin(f"{name}s")


class TestOn:
    def test_the_function_stays_what_it_was(self, plugin: Plugin) -> None:
        """So that a test can call it."""
        assert plugin.on("message_sent")(greet) is greet

    def test_a_handler_is_known_by_plugin_and_function(self, plugin: Plugin) -> None:
        plugin.on("message_sent", "message.*")(greet)
        [handler] = plugin.handlers
        assert handler.id == "welcome.greet"
        assert handler.plugin == "welcome"
        assert handler.function is greet
        assert handler.patterns == ("message_sent", "message.*")
        assert handler.where == place(greet)
        with pytest.raises(dataclasses.FrozenInstanceError):
            handler.id = "x"  # type: ignore[misc]

    def test_handlers_are_sorted(self, plugin: Plugin) -> None:
        @plugin.on("*")
        def second(event: Any, ctx: Any) -> None: ...

        @plugin.on("*")
        def first(event: Any, ctx: Any) -> None: ...

        assert [handler.id for handler in plugin.handlers] == ["welcome.first", "welcome.second"]
        assert repr(plugin) == "<Plugin welcome: second, first>"

    def test_a_method_and_a_wrapped_function_can_be_handlers(self, plugin: Plugin) -> None:
        class Greeter:
            def hello(self, event: Any, ctx: Any) -> None: ...

        @functools.wraps(greet)
        def wrapper(*args: Any) -> Any:
            return greet(*args)

        plugin.on("*")(Greeter().hello)
        plugin.on("*")(wrapper)
        assert [handler.id for handler in plugin.handlers] == ["welcome.greet", "welcome.hello"]
        assert plugin.handlers[0].where == place(greet)

    @pytest.mark.parametrize(
        "function",
        [
            lambda event, ctx, limit=3: None,
            lambda *args: None,
            lambda event, *rest, **options: None,
        ],
    )
    def test_whatever_can_be_called_with_two_is_fine(self, function: Any, plugin: Plugin) -> None:
        function.__name__ = "named"
        plugin.on("*")(function)
        assert plugin.handlers[0].id == "welcome.named"


class TestOptions:
    def test_a_handler_knows_its_retry_and_its_timeout(self, plugin: Plugin) -> None:
        """As they were declared; what they mean is decided when they are needed."""
        retry = Retry(attempts=3)
        plugin.on("message_sent", retry=retry, timeout=0.5)(greet)
        assert (plugin.handlers[0].retry, plugin.handlers[0].timeout) == (retry, 0.5)

    def test_without_them_it_has_none(self, plugin: Plugin) -> None:
        """Nothing runs twice because its author forgot a word."""
        plugin.on("message_sent")(greet)
        assert (plugin.handlers[0].retry, plugin.handlers[0].timeout) == (None, None)

    @pytest.mark.parametrize("retry", [5, True, Retry, {"attempts": 5}])
    def test_what_is_no_retry_is_refused(self, retry: Any, plugin: Plugin) -> None:
        """With the culprit, the place, and what to write."""
        with pytest.raises(OptionError) as caught:
            plugin.on("message_sent", retry=retry)(greet)
        assert (
            str(caught.value)
            == f"handler welcome.greet ({place(greet)}): retry={retry!r} is no Retry; write"
            " retry=Retry(attempts=5)"
        )
        assert plugin.handlers == ()

    @pytest.mark.parametrize("timeout", [0, -1, "10s", True, math.inf, math.nan, 10**400])
    def test_what_is_no_timeout_is_refused(self, timeout: Any, plugin: Plugin) -> None:
        """Likewise."""
        with pytest.raises(OptionError) as caught:
            plugin.on("message_sent", timeout=timeout)(greet)
        assert (
            str(caught.value)
            == f"handler welcome.greet ({place(greet)}): timeout={timeout!r} is no number of"
            " seconds above 0; write timeout=10"
        )
        assert plugin.handlers == ()


class TestMatches:
    @pytest.mark.parametrize(
        ("pattern", "fits"),
        [
            ("message_sent", True),
            ("message.sent", True),
            ("message_*", True),
            ("message.*", True),
            ("*.sent", True),
            ("m*_s*t", True),
            ("*", True),
            ("message", False),
            ("message_sent_now", False),
            ("messageXsent", False),
            ("message?sent", False),
            ("message[._]sent", False),
            ("Message_Sent", False),
            ("user.*", False),
        ],
    )
    def test_a_pattern_fits_the_trigger_or_the_canonical_name(
        self, pattern: str, fits: bool, plugin: Plugin
    ) -> None:
        plugin.on(pattern)(greet)
        assert plugin.handlers[0].matches("message_sent", "message.sent") is fits

    def test_one_of_several_is_enough(self, plugin: Plugin) -> None:
        plugin.on("user_blocked", "message.*")(greet)
        assert plugin.handlers[0].matches("after_message", "message.sent")

    def test_a_trigger_without_a_name_fits_by_itself(self, plugin: Plugin) -> None:
        plugin.on("brand_*")(greet)
        assert plugin.handlers[0].matches("brand_new", None)
        assert not plugin.handlers[0].matches("other_new", None)


class TestEchoes:
    """The echo of an edit comes as a message_sent."""

    @pytest.mark.parametrize("pattern", ["message_sent", "message.*", "*", "message.echo"])
    def test_only_a_handler_that_asks_gets_them(self, pattern: str, plugin: Plugin) -> None:
        plugin.on(pattern)(greet)
        plugin.on(pattern, echoes=True)(hear)
        assert [handler.matches("message_sent", ECHO) for handler in plugin.handlers] == [
            False,
            True,
        ]
        asked_by_trigger = pattern != "message.echo"
        assert [handler.matches("message_sent", "message.sent") for handler in plugin.handlers] == (
            [asked_by_trigger] * 2
        )

    def test_a_canonical_name_of_messages_fits_none(self, plugin: Plugin) -> None:
        plugin.on("message.sent", "message.edited", echoes=True)(greet)
        assert not plugin.handlers[0].matches("message_sent", ECHO)

    def test_an_agents_tools_are_no_messages(self, plugin: Plugin) -> None:
        """Who moderates or answers what is sent gets none of them."""
        plugin.on("message.*")(greet)
        assert not plugin.handlers[0].matches("message_sent", "agent.tool_call")
        assert plugin.handlers[0].matches("message_sent", "message.sent")

    def test_no_plugin_may_be_called_like_an_agents_events(self) -> None:
        """It would emit events of the same names."""
        with pytest.raises(PluginNameError):
            Plugin("agent")

    def test_it_is_asked_for_with_true_or_false(self, plugin: Plugin) -> None:
        with pytest.raises(OptionError, match="echoes='yes' is neither True nor False"):
            plugin.on("message_sent", echoes="yes")(greet)  # type: ignore[arg-type]


class TestReplay:
    def test_unless_it_says_otherwise_a_replay_has_to_name_it(self):
        """Not every handler bears repetition, and only its author knows."""
        plugin = Plugin("welcome")
        plugin.on("message_sent")(greet)
        plugin.on("message_sent", replay="safe")(hear)
        assert [handler.replay for handler in plugin.handlers] == ["ask", "safe"]

    def test_a_word_that_is_none_of_them_is_refused(self):
        """It says which there are."""
        with pytest.raises(OptionError, match="replay='yes' is none of 'safe', 'ask', 'never'"):
            Plugin("welcome").on("message_sent", replay="yes")(greet)  # type: ignore[arg-type]


class TestOrdered:
    """Whether later events of a conversation wait for a run that failed."""

    def test_it_is_asked_for_with_true_or_false(self, plugin: Plugin) -> None:
        plugin.on("message_sent")(greet)
        plugin.on("message_sent", ordered=True)(hear)
        assert [handler.ordered for handler in plugin.handlers] == [False, True]
        with pytest.raises(OptionError, match="ordered=1 is neither True nor False"):
            plugin.on("message_sent", ordered=1)(greet)  # type: ignore[arg-type]


class TestSources:
    """A pattern means CometChat unless it names another source."""

    @pytest.mark.parametrize(
        "pattern, cometchat, toys",
        [
            ("*", True, False),
            ("sold", True, False),
            ("toys:sold", False, True),
            ("toys:*", False, True),
            ("cometchat:sold", True, False),
        ],
    )
    def test_only_that_ones_events_fit(
        self, pattern: str, cometchat: bool, toys: bool, plugin: Plugin
    ) -> None:
        plugin.on(pattern)(greet)
        [handler] = plugin.handlers
        assert (handler.matches("sold", None), handler.matches("sold", None, "toys")) == (
            cometchat,
            toys,
        )

    @pytest.mark.parametrize("pattern", ["toys:", ":sold", "toys: sold"])
    def test_half_a_pattern_is_none(self, pattern: str, plugin: Plugin) -> None:
        with pytest.raises(PatternError):
            plugin.on(pattern)(greet)


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


class TestConfig:
    def test_a_wrong_declaration_is_refused_with_the_place(self) -> None:
        with pytest.raises(ConfigError, match="belongs to COMETHOOKS_LOG_FORMAT") as caught:
            Plugin("log", config={"format": fields.Str()})
        assert caught.value.where.startswith(f"{__file__}:")
        assert str(caught.value).startswith(f"plugin log ({caught.value.where}): ")

    def test_it_is_read_from_an_environment(self) -> None:
        plugin = Plugin("welcome", config={"channel": fields.Str(required=True)})
        assert plugin.load_config({"COMETHOOKS_WELCOME_CHANNEL": "x"}).channel == "x"

    def test_what_is_missing_is_named(self) -> None:
        plugin = Plugin(
            "welcome", config={"channel": fields.Str(required=True), "size": fields.Int()}
        )
        with pytest.raises(ConfigError, match="COMETHOOKS_WELCOME_CHANNEL is not set") as caught:
            plugin.load_config({"COMETHOOKS_WELCOME_SIZE": "hush"})
        assert "COMETHOOKS_WELCOME_SIZE: Not a valid integer." in str(caught.value)
        assert "hush" not in str(caught.value)


def test_a_context_cannot_be_changed_and_shows_no_setting() -> None:
    """It may be logged or printed by mistake."""
    context = Context(
        config=Config("welcome", {"token": "hush"}),
        log=structlog.get_logger(),
        attempt=1,
        handler="welcome.greet",
    )
    with pytest.raises(dataclasses.FrozenInstanceError):
        context.attempt = 2  # type: ignore[misc]
    assert "hush" not in repr(context)
    assert context.config.token == "hush"


def test_all_errors_are_of_one_tree() -> None:
    for error in (PluginNameError, ConfigError, HandlerError):
        assert issubclass(error, PluginError)
    for error in (PatternError, SignatureError, OptionError, DuplicateError):
        assert issubclass(error, HandlerError)
