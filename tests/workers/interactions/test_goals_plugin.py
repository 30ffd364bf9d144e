"""The plugin `interactions`, given events as a worker gives them."""

from collections.abc import Iterator
from typing import Any

import pytest

from comethooks import App, Context, MessageEvent, Plugin
from comethooks.schemas import CompletionEvent
from comethooks.testing import Delivery, Harness
from comethooks.workers.interactions.goals_plugin import plugin
from comethooks.workers.interactions.telling import completion_id
from comethooks.workers.states import RunState
from tests.workers.interactions.bodies import APP, GROUP, MESSAGE, group, message, press


@pytest.fixture
def harness() -> Iterator[Harness]:
    """Delivers events."""
    with Harness() as made:
        yield made


def told(delivery: Delivery) -> list[CompletionEvent]:
    """The completions that came of an event, whose runs went well."""
    assert {run.state for run in delivery.runs} <= {RunState.DONE}
    return [each for each in delivery.emitted if isinstance(each, CompletionEvent)]


def effects(delivery: Delivery) -> str:
    """What the runs say that they did."""
    return "; ".join(line for run in delivery.runs for line in run.effects)


class TestCompletions:
    """Told once, with all that a handler wants to know."""

    def test_a_form_that_is_sent_off_completes_its_goal(self, harness: Harness) -> None:
        """What was filled in counts as interacted with, though kits report the button alone."""
        harness.deliver(plugin, body=message())
        [event] = told(harness.deliver(plugin, body=press(name="Omar")))
        completion = event.completion
        assert event.id == completion_id(APP, MESSAGE, "omar")
        assert (event.name, event.source) == ("interaction.completed", "comethooks")
        assert (completion.message_id, completion.user) == (MESSAGE, "omar")
        assert (completion.receiver_type, completion.receiver) == ("user", "omar")
        assert [each.element_id for each in completion.interactions] == ["submit", "name"]
        assert completion.answers == {"name": "Omar"}
        assert (completion.goal.type, completion.verified) == ("allOf", True)
        assert event.message.interactive_data is not None
        assert event.message.interactive_data["title"] == "Who comes along?"
        assert event.conversation_id == "ines_user_omar"

    def test_answers_are_kept_as_they_came(self, harness: Harness) -> None:
        """Also those with several values; the slot of a scheduler answers what was pressed."""
        harness.deliver(plugin, body=message("submit"))
        body = press(name="Omar", age=["7", {"a": [None]}])
        body["data"]["schedulerData"] = {"meetStartAt": "2026-01-02T03:04:05Z", "duration": 30}
        [event] = told(harness.deliver(plugin, body=body))
        assert event.completion.answers == {
            "name": "Omar",
            "age": ["7", {"a": [None]}],
            "submit": {"start": "2026-01-02T03:04:05.000Z", "minutes": 30},
        }

    def test_several_values_are_held_to_the_options(self, harness: Harness) -> None:
        """Each by itself; an empty list is no answer."""
        harness.deliver(plugin, body=message())
        assert "'9' is not among" in effects(harness.deliver(plugin, body=press(ferry=["8", "9"])))
        said = effects(harness.deliver(plugin, body=press(ferry=["8"], name=[])))
        assert "its options" not in said
        assert "name: it has no answer" in said

    def test_it_is_told_once(self, harness: Harness) -> None:
        """Whatever comes again or afterwards."""
        harness.deliver(plugin, body=message())
        first = harness.deliver(plugin, body=press(name="Omar"))
        assert len(told(first)) == 1
        harness.clock.advance(3600)
        assert told(harness.deliver(plugin, body=press(name="Omar"))) == []
        assert told(harness.deliver(plugin, body=message(at=1_760_000_100))) == []

    def test_a_run_that_is_repeated_tells_again_under_the_same_id(self, harness: Harness) -> None:
        """It may have died after it judged, and before it told."""
        harness.deliver(plugin, body=message())
        first = harness.deliver(plugin, body=press(name="Omar"))
        again = harness.repeat(first)
        assert {each.id for each in told(again)} <= {each.id for each in told(first)}
        assert completion_id(APP, MESSAGE, "omar") in effects(again)

    def test_a_press_may_come_before_its_message(self, harness: Harness) -> None:
        """The message then tells."""
        early = harness.deliver(plugin, body=press(name="Omar"))
        assert told(early) == []
        assert "it waits for its message" in effects(early)
        assert len(told(harness.deliver(plugin, body=message()))) == 1

    def test_what_a_body_says_was_interacted_with_counts(self, harness: Harness) -> None:
        """Of the only user who can have done it."""
        interactions = [
            {"elementId": each, "interactedAt": 1_760_000_005} for each in ("name", "submit")
        ]
        [event] = told(harness.deliver(plugin, body=message(interactions=interactions)))
        assert event.completion.user == "omar"

    def test_an_edit_judges_again(self, harness: Harness) -> None:
        """By the new goal."""
        harness.deliver(plugin, body=message())
        harness.deliver(plugin, body=press("age"))
        edited = message("age", trigger="message_edited", at=1_760_000_100)
        assert len(told(harness.deliver(plugin, body=edited))) == 1

    def test_a_deleted_message_is_not_completed(self, harness: Harness) -> None:
        """What is pressed from then on is kept, and says why it does not count."""
        harness.deliver(plugin, body=message())
        harness.deliver(plugin, body=message(trigger="message_deleted", at=1_760_000_100))
        late = harness.deliver(plugin, body=press(name="Omar"))
        assert told(late) == []
        assert "the message is deleted" in effects(late)

    def test_a_dry_run_keeps_nothing(self, harness: Harness) -> None:
        """Nor does it tell."""
        harness.deliver(plugin, body=message(), dry_run=True)
        assert told(harness.deliver(plugin, body=press(name="Omar"))) == []


class TestOwnMessages:
    """What a plugin sends with `ctx.cometchat`, which handlers do not get without `own=True`."""

    @pytest.fixture
    def sent(self, harness: Harness) -> dict[str, Any]:
        """The webhook of a form that was sent so."""
        harness.apps[APP] = App(APP, "eu", "a key")
        harness.deliver(asker(), "message_sent", sender="omar", set={"appId": APP})
        [sent] = harness.cometchat.sent
        return dict(sent.webhook)

    def test_its_goal_is_judged(self, harness: Harness, sent: dict[str, Any]) -> None:
        """By presses on the buttons that got a URL of ours."""
        harness.deliver(plugin, body=sent)
        content = sent["data"]["message"]["data"]["interactiveData"]
        url = content["submitElement"]["action"]["url"]
        pressed = harness.interactions.press(plugin, url, "submit", user="omar")
        [event] = told(pressed)
        assert event.completion.message_id == sent["data"]["message"]["id"]

    def test_when_it_is_deleted_that_is_noted(self, harness: Harness, sent: dict[str, Any]) -> None:
        """Also when the plugin did it."""
        harness.deliver(plugin, body=sent)
        shown = sent["data"]["message"]
        message = {**shown, "deletedAt": 2}
        gone = {**sent, "trigger": "message_deleted", "data": {"message": message}}
        assert harness.deliver(plugin, body=gone).event.is_own
        [kept] = harness._file.journal.interactions.message(shown["id"])
        assert kept.deleted


def asker() -> Plugin:
    """A plugin that sends a form to whoever writes."""
    asking = Plugin("asker")
    submit = {"elementType": "button", "elementId": "submit", "buttonText": "Book"}
    name = {"elementType": "textInput", "elementId": "name", "label": "Name"}
    form = {"title": "Who comes along?", "formFields": [name], "submitElement": submit}

    @asking.on("message.sent")
    def ask(event: MessageEvent, ctx: Context) -> None:
        ctx.cometchat.send_interactive(event.sender.uid, "user", "form", form, goal="anyAction")

    return asking


class TestWhatDoesNotCount:
    """It is answered and kept, and its run says why."""

    @pytest.mark.parametrize(
        ("body", "why"),
        [
            (press(None), "it names no element"),
            (press(None, None), "it does not say what was pressed"),
            (press("other"), "the message has no such element (other)"),
            (press(user="eve"), "the user does not belong to the conversation"),
            (press(user="ines"), "the sender's own interactions do not count"),
            (press(ferry="9"), "ferry: '9' is not among its options"),
            (press(age="7"), "name: it has no answer, and is not optional"),
        ],
    )
    def test_each_says_why(self, harness: Harness, body: dict[str, Any], why: str) -> None:
        """In the effects of its run."""
        harness.deliver(plugin, body=message())
        pressed = harness.deliver(plugin, body=body)
        assert told(pressed) == []
        assert why in effects(pressed)

    def test_a_press_without_a_block_is_kept(self, harness: Harness) -> None:
        """As older forms of iOS send it."""
        body = {"trigger": "ui_message_interacted", "appID": APP, "region": "eu", "payload": {}}
        pressed = harness.deliver(plugin, body=body)
        assert told(pressed) == []
        assert "it does not say on which message" in effects(pressed)

    def test_a_press_of_nobody_is_of_the_only_one_who_can_have_made_it(
        self, harness: Harness
    ) -> None:
        """In a conversation of two; before the message is seen as well as after."""
        harness.deliver(plugin, body=press(user=None, name="x"))
        [event] = told(harness.deliver(plugin, body=message()))
        assert event.completion.user == "omar"
        harness.deliver(plugin, body=message(id="58"))
        [event] = told(harness.deliver(plugin, body=press(user=None, message="58", name="x")))
        assert event.completion.user == "omar"


class TestTrust:
    """`COMETHOOKS_INTERACTIONS_TRUST`."""

    def test_a_stranger_to_a_group_completes_nothing(self, harness: Harness) -> None:
        """Who was there from its beginning on is known."""
        harness.deliver(plugin, body=group("group_created"))
        harness.deliver(plugin, body=group("group_member_joined", "omar"))
        harness.deliver(plugin, body=message("submit", group=GROUP))
        assert told(harness.deliver(plugin, body=press(user="eve"))) == []
        [event] = told(harness.deliver(plugin, body=press()))
        assert event.completion.verified

    def test_who_is_not_known_counts_unverified(self, harness: Harness) -> None:
        """By default."""
        harness.deliver(plugin, body=message("submit", group=GROUP))
        [event] = told(harness.deliver(plugin, body=press()))
        assert not event.completion.verified

    def test_with_confirmed_a_press_waits_for_its_user(self, harness: Harness) -> None:
        """The group's event tells of the completion then."""
        config = {"trust": "confirmed"}
        harness.deliver(plugin, body=message("submit", group=GROUP), config=config)
        assert told(harness.deliver(plugin, body=press(), config=config)) == []
        joined = group("group_member_joined", "omar")
        assert len(told(harness.deliver(plugin, body=joined, config=config))) == 1

    def test_with_all_a_stranger_counts_as_well(self, harness: Harness) -> None:
        """Unverified."""
        config = {"trust": "all"}
        harness.deliver(plugin, body=message("submit"), config=config)
        [event] = told(harness.deliver(plugin, body=press(user="eve"), config=config))
        assert not event.completion.verified

    @pytest.mark.parametrize(("has_joined", "number"), [(True, 1), (False, 0)])
    def test_cometchat_is_asked_with_a_key(
        self, harness: Harness, has_joined: bool, number: int
    ) -> None:
        """Once: what it says is kept."""
        harness.apps[APP] = App(APP, "eu", "a key")
        harness.http.respond(json={"data": {"guid": GROUP, "hasJoined": has_joined}})
        harness.deliver(plugin, body=message("submit", group=GROUP))
        completed = told(harness.deliver(plugin, body=press()))
        assert [each.completion.verified for each in completed] == [True] * number
        harness.deliver(plugin, body=press("age"))
        assert len(harness.http.requests) == 1

    @pytest.mark.parametrize(("has_joined", "number"), [(True, 1), (False, 0)])
    def test_who_pressed_before_the_message_came_is_asked_for_then(
        self, harness: Harness, has_joined: bool, number: int
    ) -> None:
        """Once each; what cannot be asked about before the message is known, is judged after."""
        harness.deliver(plugin, body=press())
        harness.deliver(plugin, body=press("age"))
        harness.apps[APP] = App(APP, "eu", "a key")
        harness.http.respond(json={"data": {"guid": GROUP, "hasJoined": has_joined}})
        completed = told(harness.deliver(plugin, body=message("submit", group=GROUP)))
        assert [each.completion.verified for each in completed] == [True] * number
        assert len(harness.http.requests) == 1

    def test_a_user_who_is_not_found_is_a_stranger(self, harness: Harness) -> None:
        """CometChat knows nobody of that uid."""
        harness.apps[APP] = App(APP, "eu", "a key")
        harness.http.respond(404, json={"error": {"code": "ERR_UID_NOT_FOUND"}})
        harness.deliver(plugin, body=message("submit", group=GROUP))
        assert told(harness.deliver(plugin, body=press())) == []

    @pytest.mark.parametrize("status", [401, 403])
    def test_a_key_that_is_refused_makes_nobody_a_stranger(
        self, harness: Harness, status: int
    ) -> None:
        """It says nothing of the user: who is not known counts, and the run says why."""
        harness.apps[APP] = App(APP, "eu", "an old key")
        harness.http.respond(status, json={"error": {"code": "AUTH_ERR_APIKEY_NOT_FOUND"}})
        harness.deliver(plugin, body=message("submit", group=GROUP))
        pressed = harness.deliver(plugin, body=press())
        assert [each.completion.verified for each in told(pressed)] == [False]
        assert "AUTH_ERR_APIKEY_NOT_FOUND" in effects(pressed)


class TestFetching:
    """A press before its message, with a REST key."""

    def test_the_message_is_asked_for(self, harness: Harness) -> None:
        """And judged as if it had been sent."""
        harness.apps[APP] = App(APP, "eu", "a key")
        harness.http.respond(json={"data": message()["data"]["message"]})
        assert len(told(harness.deliver(plugin, body=press(name="Omar")))) == 1
        assert [each.method for each in harness.http.requests] == ["GET"]

    def test_one_that_is_not_found_is_waited_for(self, harness: Harness) -> None:
        """CometChat said no."""
        harness.apps[APP] = App(APP, "eu", "a key")
        harness.http.respond(404, json={"error": {"code": "ERR_MESSAGE_NOT_FOUND"}})
        assert told(harness.deliver(plugin, body=press(name="Omar"))) == []
        assert len(told(harness.deliver(plugin, body=message()))) == 1


class TestMarking:
    """`COMETHOOKS_INTERACTIONS_MARK`."""

    def deliver(self, harness: Harness, body: dict[str, Any], mark: str) -> list[str]:
        """The methods of the calls that a press makes."""
        harness.apps[APP] = App(APP, "eu", "a key")
        harness.http.respond(json={"data": {"success": True}})
        harness.deliver(plugin, body=message(), config={"mark": mark})
        harness.deliver(plugin, body=body, config={"mark": mark})
        return [each.method for each in harness.http.requests]

    @pytest.mark.parametrize(("mark", "calls"), [("off", []), ("ours", []), ("all", ["PATCH"])])
    def test_kits_mark_their_own(self, harness: Harness, mark: str, calls: list[str]) -> None:
        """Unless all is asked for."""
        assert self.deliver(harness, press(name="Omar"), mark) == calls

    def test_what_does_not_count_is_not_marked(self, harness: Harness) -> None:
        """A stranger's press."""
        assert self.deliver(harness, press(user="eve"), "all") == []

    def test_an_answer_is_marked_as_well(self, harness: Harness) -> None:
        """All that counts as interacted with."""
        self.deliver(harness, press(name="Omar", other="x"), "all")
        [call] = harness.http.requests
        assert call.json == {"interactions": ["submit", "name"]}
        assert call.headers["onBehalfOf"] == "omar"

    def test_a_no_of_cometchat_changes_nothing(self, harness: Harness) -> None:
        """The press counts all the same."""
        harness.apps[APP] = App(APP, "eu", "a key")
        harness.http.respond(404, json={"error": {"code": "ERR_MESSAGE_NOT_FOUND"}})
        harness.deliver(plugin, body=message(), config={"mark": "all"})
        pressed = harness.deliver(plugin, body=press(name="Omar"), config={"mark": "all"})
        assert len(told(pressed)) == 1
        assert "not marked" in effects(pressed)
