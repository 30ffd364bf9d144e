"""What plugin authors write with, and what they are told when they get it wrong."""

import dataclasses
import functools
import math
from typing import Any

import pytest
import structlog
from marshmallow import fields

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
from tests.workers.plugins.registering import greet, hear, place


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


class TestOrdered:
    """Whether later events of a conversation wait for a run that failed."""

    def test_it_is_asked_for_with_true_or_false(self, plugin: Plugin) -> None:
        plugin.on("message_sent")(greet)
        plugin.on("message_sent", ordered=True)(hear)
        assert [handler.ordered for handler in plugin.handlers] == [False, True]
        with pytest.raises(OptionError, match="ordered=1 is neither True nor False"):
            plugin.on("message_sent", ordered=1)(greet)  # type: ignore[arg-type]


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
