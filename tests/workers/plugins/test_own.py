"""What our own plugins send comes back, and goes to handlers that ask for it only."""

import pytest

from comethooks import App, Context, MessageEvent, Plugin
from comethooks.testing import Delivery, Harness, UnhandledError
from comethooks.workers.plugins.known import KnownHandler
from comethooks.workers.plugins.plugin_errors import OptionError


@pytest.fixture
def echo() -> Plugin:
    """Answers every message with a message."""
    plugin = Plugin("echo")

    @plugin.on("message.sent")
    def answer(event: MessageEvent, ctx: Context) -> None:
        ctx.cometchat.send(event.message.sender.uid, "user", text=f"You said {event.message.text}")

    return plugin


@pytest.fixture
def first(harness: Harness, echo: Plugin) -> Delivery:
    """A message of a user, answered."""
    harness.apps["app"] = App("app", "eu", "a key")
    return harness.deliver(echo, "message_sent", sender="ada", text="hi", set={"appId": "app"})


def test_a_plugin_does_not_answer_itself(harness: Harness, echo: Plugin, first: Delivery) -> None:
    """Nor does another one of ours answer it; the reason says how to get it all the same."""
    [sent] = harness.cometchat.sent
    with pytest.raises(UnhandledError, match=r"the plugin echo did it .* takes own=True"):
        harness.deliver(echo, body=sent.webhook)
    result = harness.deliver(echo, body=sent.webhook, allow_unhandled=True, set={"data.x": 1})
    assert result.event.is_own
    assert list(result.why_not) == ["echo.answer"]
    assert len(harness.cometchat.sent) == 1


def test_who_asks_for_it_gets_it(harness: Harness, first: Delivery) -> None:
    """As one that moderates does, which nobody is to get around by writing the mark."""
    plugin, seen = Plugin("moderator"), []

    @plugin.on("message.sent", own=True, receiver="ada")
    def look(event: MessageEvent, ctx: Context) -> None:
        seen.append(event.message.sent_by)

    harness.deliver(plugin, body=harness.cometchat.sent[0].webhook)
    harness.deliver(plugin, "message_sent", receiver="ada")
    assert seen == ["echo", None]


def test_a_replay_leaves_it_out_too(harness: Harness, echo: Plugin, first: Delivery) -> None:
    """By the same rule, which looks at the event as it was kept."""
    body = harness.cometchat.sent[0].webhook
    kept = harness.deliver(echo, body=body, allow_unhandled=True)
    assert kept.plugins.handlers_for(kept.record) == ()
    assert len(first.plugins.handlers_for(first.record)) == 1


def test_a_handler_that_is_missing_is_waited_for_by_the_same_rule() -> None:
    """What it would not have got has nothing to wait for."""
    known = KnownHandler("a.b", 1, ("message_sent",), False, False, "1", own=True)
    assert known.absent(1.0).handler.own is True


def test_own_is_a_flag() -> None:
    """Anything else is a mistake of its author."""

    def look(event: MessageEvent, ctx: Context) -> None:
        """Never called."""

    with pytest.raises(OptionError, match="own='yes' is neither True nor False"):
        Plugin("p").on("message.sent", own="yes")(look)  # type: ignore[arg-type]
