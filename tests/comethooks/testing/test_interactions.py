"""Presses and completions that a test delivers."""

from datetime import UTC, datetime
from typing import Any

import pytest

from comethooks import App, CompletionEvent, Context, InteractionEvent, MessageEvent, Plugin, Retry
from comethooks.samples.making import APP_ID
from comethooks.testing import Harness, HarnessError, UnhandledError
from tests.workers.interactions.bodies import message

FORM = {
    "title": "Where to?",
    "formFields": [{"elementType": "textInput", "elementId": "name", "label": "Name"}],
    "submitElement": {"elementType": "button", "elementId": "book", "buttonText": "Book"},
}


class Seen(Plugin):
    """A plugin that asks with a form, and notes what comes back."""

    def __init__(self) -> None:
        super().__init__("seen")
        self.presses: list[InteractionEvent] = []
        self.completions: list[CompletionEvent] = []
        self.on("message.sent")(self.ask)
        self.on("interaction.received")(self.pressed)
        self.on("interaction.completed")(self.completed)

    def ask(self, event: MessageEvent, ctx: Context) -> None:
        """Send the form."""
        ctx.cometchat.send_interactive(event.message.sender.uid, "user", "form", FORM)

    def pressed(self, event: InteractionEvent, ctx: Context) -> None:
        """Note a press."""
        self.presses.append(event)

    def completed(self, event: CompletionEvent, ctx: Context) -> None:
        """Note a completion."""
        self.completions.append(event)


@pytest.fixture
def plugin() -> Seen:
    """One that has seen nothing."""
    return Seen()


class TestPress:
    """A press as the web process takes it."""

    def test_a_handler_gets_what_was_pressed_and_what_the_url_proves(
        self, harness: Harness, plugin: Seen
    ) -> None:
        """In the documented form."""
        url = harness.interactions.url(message="57")
        result = harness.interactions.press(
            plugin, url, "book", user="omar", answers={"name": "Omar"}
        )
        assert (result.status, result.run.handler) == ("done", "seen.pressed")
        [event] = plugin.presses
        press = event.interaction
        assert (press.message_id, press.element_id, press.verified) == ("57", "book", True)
        assert (press.user, press.user_from) == ("omar", "interactedBy")
        assert press.answers == {"name": "Omar"}
        assert (press.problems, event.app_id) == ((), APP_ID)
        assert event.received_at == harness.clock.now

    def test_the_url_of_a_button_that_the_plugin_sent_does_as_well(
        self, harness: Harness, plugin: Seen
    ) -> None:
        """It proves the muid of the message, and which button it is."""
        harness.apps["app"] = App("app", "eu", "a key")
        harness.deliver(plugin, "message_sent", sender="ada", set={"appId": "app"})
        [sent] = harness.cometchat.sent
        button: Any = sent.message.interactive_data
        url = button["submitElement"]["action"]["url"]
        harness.interactions.press(plugin, url, user="ada")
        [event] = plugin.presses
        assert event.interaction.muid == sent.message.muid
        assert event.interaction.element_id == "book"
        assert event.app_id == "app"

    def test_any_body_of_a_kit_may_be_posted(self, harness: Harness, plugin: Seen) -> None:
        """Here that of React Native 4, whose URL has to name the element."""
        url = harness.interactions.url(message="57", element="book")
        body = {"CometChatData": {"name": "Ada"}, "cometchatSenderUid": "ada"}
        harness.interactions.press(plugin, url, body=body)
        [event] = plugin.presses
        assert event.interaction.user_from == "cometchatSenderUid"
        assert event.interaction.element_id == "book"

    def test_the_same_press_again_is_a_duplicate_for_a_minute(
        self, harness: Harness, plugin: Seen
    ) -> None:
        """As it is for the service."""
        url = harness.interactions.url(message="57")
        first = harness.interactions.press(plugin, url, "book", user="omar")
        again = harness.interactions.press(plugin, url, "book", user="omar")
        assert (again.duplicate, again.event.id) == (True, first.event.id)
        harness.interactions.press(plugin, url, "book", user="eve")
        harness.clock.advance(120)
        harness.interactions.press(plugin, url, "book", user="omar")
        assert [each.interaction.user for each in plugin.presses] == ["omar", "eve", "omar"]

    def test_what_the_service_refuses_is_an_error(self, harness: Harness, plugin: Seen) -> None:
        """Of another message, of no URL of ours, or of one that is over."""
        url = harness.interactions.url(message="57")
        other = {"data": {"messageId": 58}}
        with pytest.raises(HarnessError, match="names another app or message"):
            harness.interactions.press(plugin, url, body=other)
        over = harness.interactions.url(expires=int(datetime.now(UTC).timestamp()) - 1)
        for wrong in (over, "https://example.com/", url[:-1]):
            with pytest.raises(HarnessError, match="with 403: it is none"):
                harness.interactions.press(plugin, wrong, "book")
        with pytest.raises(HarnessError, match="leave element, user and answers out"):
            harness.interactions.press(plugin, url, "book", body=other)

    def test_options_are_those_of_every_delivery(self, harness: Harness) -> None:
        """Dry runs, one attempt, and that nobody wants it."""
        plugin = Plugin("idle")
        url = harness.interactions.url(message="57")
        with pytest.raises(UnhandledError):
            harness.interactions.press(plugin, url, "book")
        assert harness.interactions.press(plugin, url, "book", allow_unhandled=True).runs == ()

        @plugin.on("interaction.received", retry=Retry(attempts=2))
        def fails(event: InteractionEvent, ctx: Context) -> None:
            ctx.http.post("https://example.com/in", json={})
            raise RuntimeError

        result = harness.interactions.press(plugin, url, "a", dry_run=True, retries=False)
        assert (result.run.attempts, result.status) == (1, "retrying")
        assert result.effects == ("would POST https://example.com/in {}",)


class TestComplete:
    """A completion as the plugin `interactions` tells of it."""

    def test_a_handler_gets_who_did_what_and_the_message(
        self, harness: Harness, plugin: Seen
    ) -> None:
        """All that the goal asks for is done."""
        body = message()["data"]["message"]
        result = harness.interactions.complete(plugin, answers={"age": "7"}, message=body)
        assert result.status == "done"
        [event] = plugin.completions
        done = event.completion
        assert (event.name, event.source) == ("interaction.completed", "comethooks")
        assert (done.user, done.verified, event.message.id) == ("omar", True, "57")
        assert [each.element_id for each in done.interactions] == ["name", "submit", "age"]
        assert (done.answers, done.goal.type) == ({"age": "7"}, "allOf")
        assert event.conversation_id == "ines_user_omar"

    def test_without_a_message_there_is_a_form(self, harness: Harness, plugin: Seen) -> None:
        """Another one each time."""
        for user in ("zoe", "zoe"):
            harness.interactions.complete(plugin, user, verified=False)
        first, second = plugin.completions
        assert first.message.id != second.message.id
        assert first.message.interactive_data is not None
        assert (first.completion.user, first.completion.verified) == ("zoe", False)

    def test_a_user_completes_a_message_once(self, harness: Harness, plugin: Seen) -> None:
        """What comes again is a duplicate."""
        body = message()["data"]["message"]
        harness.interactions.complete(plugin, message=body)
        assert harness.interactions.complete(plugin, message=body).duplicate
        assert len(plugin.completions) == 1

    def test_only_what_is_interactive_is_completed(self, harness: Harness, plugin: Seen) -> None:
        """A text is not."""
        body = {"id": "1", "category": "message", "type": "text", "sender": "a", "receiver": "b"}
        with pytest.raises(HarnessError, match="only an interactive message"):
            harness.interactions.complete(plugin, message=body)
