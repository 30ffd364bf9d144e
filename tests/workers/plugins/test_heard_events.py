"""Which events a handler is called for."""

import pytest

from comethooks.schemas import ECHO
from comethooks.workers.plugins.plugin import Plugin
from comethooks.workers.plugins.plugin_errors import OptionError, PatternError, PluginNameError
from tests.workers.plugins.registering import greet, hear


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
