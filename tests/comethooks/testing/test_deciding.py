"""A test asks what a plugin decides on a message in flight."""

from typing import Any

import pytest

from comethooks import App, DeciderContext, Decision, Plugin
from comethooks.testing import Harness, HarnessError, UnhandledError

SCORER = "https://scorer.example.com"


@pytest.fixture
def plugin() -> Plugin:
    return Plugin("gate")


def test_what_a_plugin_decides_can_be_asserted(plugin: Plugin, harness: Harness) -> None:
    """The decision with its reason, what is told about a message, and the vote of each decider."""

    @plugin.decide("before_message")
    def judge(event: Any, ctx: DeciderContext) -> Decision | None:
        return Decision.drop("word: spam", 0.9) if "spam" in event.message.text else None

    @plugin.decide("before_message", shadow=True)
    def label(event: Any, ctx: DeciderContext) -> Decision:
        return Decision.annotate({"sender": event.sender.uid})

    dropped = harness.decide(plugin, "before_message", text="spam", sender="ada")
    assert (dropped.decision, dropped.reason, dropped.confidence) == ("drop", "word: spam", 0.9)
    assert [(vote.decider, vote.verdict) for vote in dropped.votes] == [
        ("gate.judge", "drop"),
        ("gate.label", "annotate"),
    ]
    passed = harness.decide(plugin, "before_message", text="hello")
    assert (passed.decision, passed.annotation) == ("allow", {})


def test_it_reaches_what_a_handler_reaches_in_a_test(plugin: Plugin, harness: Harness) -> None:
    """Its settings, its app, and answers that the test gives to its requests."""
    harness.apps["app"] = App("app", "eu", "a key")
    harness.http.respond(200, json={"spam": 0.8}, url=SCORER)

    @plugin.decide("before_message")
    def judge(event: Any, ctx: DeciderContext) -> Decision:
        assert ctx.app is not None
        score = ctx.http.post(SCORER, json={"text": event.message.text}).json()["spam"]
        return Decision.annotate({"score": score, "region": ctx.app.region})

    ruling = harness.decide(plugin, "before_message", set={"appId": "app"})
    assert ruling.annotation == {"score": 0.8, "region": "eu"}


def test_what_a_decider_raises_is_raised_in_the_test(plugin: Plugin, harness: Harness) -> None:
    """A mistake in it does not look like leave to deliver the message."""

    @plugin.decide("before_message")
    def judge(event: Any, ctx: Any) -> Decision:
        return {}["score"]  # type: ignore[no-any-return]

    with pytest.raises(KeyError, match="score") as caught:
        harness.decide(plugin, "before_message")
    assert caught.traceback[-1].name == "judge"


@pytest.mark.parametrize(
    ("on_failure", "decision"), [("allow", "allow"), ("drop", "drop"), ("defer", "allow")]
)
def test_a_test_can_say_what_follows_a_failure(
    plugin: Plugin, harness: Harness, on_failure: Any, decision: str
) -> None:
    """As the service's setting does; time and again, since no decider of a test rests."""

    @plugin.decide("before_message")
    def judge(event: Any, ctx: Any) -> None:
        raise ValueError("no model")

    for _ in range(7):
        ruling = harness.decide(plugin, "before_message", on_failure=on_failure)
        assert (ruling.decision, ruling.failed) == (decision, True)
        assert ruling.votes[0].error == "ValueError: no model"


def test_one_that_ends_the_process_does_not_end_the_tests(plugin: Plugin, harness: Harness) -> None:
    """It is told as what is wrong with the decider."""

    @plugin.decide("before_message")
    def judge(event: Any, ctx: Any) -> None:
        raise KeyboardInterrupt

    with pytest.raises(HarnessError, match=r"gate\.judge failed: KeyboardInterrupt"):
        harness.decide(plugin, "before_message")


def test_one_that_returns_no_decision_is_told(plugin: Plugin, harness: Harness) -> None:
    """With how to say that it is right."""

    @plugin.decide("before_message")
    def judge(event: Any, ctx: Any) -> Any:
        return "drop"

    with pytest.raises(HarnessError, match=r'it returned a str.*on_failure="allow"'):
        harness.decide(plugin, "before_message")


def test_a_message_that_nobody_is_asked_about_is_an_error(plugin: Plugin, harness: Harness) -> None:
    """It says of each decider why not, and how to register one."""
    with pytest.raises(UnhandledError, match=r"no deciders: register one with @plugin\.decide"):
        harness.decide(plugin, "before_message")

    @plugin.decide("before_message", sender="grace")
    def judge(event: Any, ctx: Any) -> None:
        """Let it pass."""

    with pytest.raises(UnhandledError, match='sender is "ada", not "grace"'):
        harness.decide(plugin, "before_message", sender="ada")


def test_a_message_that_is_delivered_is_decided_on_first(plugin: Plugin, harness: Harness) -> None:
    """Its handlers see what was decided, and by whom; of other events nobody is asked."""
    seen: list[Any] = []

    @plugin.decide("before_message")
    def judge(event: Any, ctx: Any) -> Decision | None:
        return Decision.drop("spam") if event.message.text == "spam" else None

    @plugin.on("before_message", decision="drop")
    def note(event: Any, ctx: Any) -> None:
        seen.append((event.decision, [vote.decider for vote in event.votes]))

    delivered = harness.deliver(plugin, "before_message", text="spam")
    assert (delivered.run.state, delivered.event.decision) == ("done", "drop")
    assert seen == [("drop", ["gate.judge"])]
    left_out = harness.deliver(plugin, "before_message", text="hello", allow_unhandled=True)
    assert (left_out.runs, left_out.event.decision) == ((), "allow")
    assert harness.deliver(plugin, "message_sent", allow_unhandled=True).event.decision is None
    given = harness.deliver(plugin, "before_message", text="hello", decision="drop")
    assert (given.run.state, given.event.votes) == ("done", ())
