"""What is interactive in a message, of every kind and in every spelling."""

from datetime import UTC, datetime

import pytest

from comethooks.schemas import parse
from tests.bodies import changed, without
from tests.schemas.samples import SAMPLES, event_of

FORM, CARD, SCHEDULER = (SAMPLES[f"message_sent {kind}"] for kind in ("form", "card", "scheduler"))
OF_AN_SDK = SAMPLES["message_sent_interactive_sdk"]
DATA = "data.message.data"
CONTENT = f"{DATA}.interactiveData"


def interactive(body, path=None, value=None):
    """What is interactive in a body, with something else at a path."""
    return event_of(body if path is None else changed(body, path, value)).interactive


class TestKinds:
    def test_a_form_has_its_fields_and_then_its_button(self):
        """By id, in the order in which they are drawn."""
        form = interactive(FORM)
        assert (form.kind, form.title) == ("form", "Who comes along?")
        assert {name: element.type for name, element in form.elements.items()} == {
            "name": "textInput",
            "diet": "textInput",
            "ferry": "dropdown",
            "days": "Select",
            "submit": "button",
        }
        assert list(form.elements)[-1] == "submit"

    def test_a_card_has_its_buttons(self):
        """And no title, so its text stands for that."""
        card = interactive(CARD)
        assert (card.kind, card.title) == ("card", "The new timetable is out.")
        assert list(card.elements) == ["read", "later"]

    def test_a_scheduler_has_the_one_button(self):
        """With which a meeting is booked."""
        scheduler = interactive(SCHEDULER)
        assert (scheduler.kind, list(scheduler.elements)) == ("scheduler", ["book"])

    @pytest.mark.parametrize(
        ("written", "kind"),
        [("Form", "form"), ("CARD", "card"), ("custominteractive", "customInteractive")],
    )
    def test_the_case_does_not_matter(self, written, kind):
        """SDKs and kits write types as they like."""
        assert interactive(FORM, "data.message.type", written).kind == kind

    def test_an_app_may_have_kinds_and_elements_of_its_own(self):
        """They are found wherever it has them, and are no drift."""
        content = {
            "question": {"rows": [{"elementId": "a", "elementType": "star"}, {"elementId": 7}]}
        }
        body = changed(changed(FORM, CONTENT, content), "data.message.type", "poll")
        poll = interactive(body)
        assert poll.kind == "poll"
        assert {name: each.type for name, each in poll.elements.items()} == {"a": "star", "7": ""}
        assert parse(body, b"").drift == ()

    def test_what_an_element_does_has_no_elements(self):
        """An author's payload may hold anything."""
        inner = {"payload": {"elementId": "x"}}
        form = interactive(FORM, f"{CONTENT}.submitElement.action", inner)
        assert "x" not in form.elements

    def test_the_button_comes_last_wherever_it_stands(self):
        """As it is drawn."""
        content = FORM["data"]["message"]["data"]["interactiveData"]
        form = interactive(FORM, CONTENT, dict(reversed(content.items())))
        assert list(form.elements) == ["name", "diet", "ferry", "days", "submit"]

    def test_of_two_elements_with_one_id_the_first_counts(self):
        """Nobody forbids two."""
        fields = [{"elementId": "a", "label": "1"}, {"elementId": "a", "label": "2"}]
        assert interactive(FORM, f"{CONTENT}.formFields", fields).elements["a"].label == "1"

    def test_objects_of_the_sdks_have_it_at_the_top(self):
        """All of it."""
        form = interactive(OF_AN_SDK)
        assert (form.kind, form.title, list(form.elements)) == (
            "form",
            "Shift report",
            ["berth", "send"],
        )
        assert (form.goal.type, form.goal.element_ids) == ("allOf", ("berth", "send"))
        assert form.allow_sender_interaction is True
        [one] = form.interactions
        assert (one.element_id, one.interacted_at) == (
            "berth",
            datetime.fromtimestamp(1760000362, UTC),
        )

    def test_no_other_message_is_interactive(self):
        """Nor an event without one."""
        assert event_of(SAMPLES["message_sent text"]).interactive is None
        assert event_of(SAMPLES["message_sent card-builder"]).interactive is None
        assert event_of(SAMPLES["user_blocked usual"]).interactive is None

    def test_an_edited_one_is(self):
        """As it is now."""
        message = FORM["data"]["message"]
        event = event_of({**FORM, "trigger": "message_edited", "data": {"message": message}})
        assert (event.name, event.interactive.kind) == ("message.edited", "form")

    @pytest.mark.parametrize("content", [None, [], "a", 5, {"formFields": "a"}])
    def test_without_content_it_is_empty(self, content):
        """And no error."""
        form = interactive(FORM, CONTENT, content)
        assert (form.title, form.elements) == ("", {})


class TestElement:
    def test_says_what_the_kits_draw(self):
        """The label of a button is its text."""
        elements = interactive(FORM).elements
        ferry, days, submit = (elements[name] for name in ("ferry", "days", "submit"))
        assert (ferry.id, ferry.label, ferry.optional, ferry.default) == (
            "ferry",
            "Which ferry",
            False,
            "08:10",
        )
        assert [(each.value, each.label) for each in days.options] == [
            ("saturday", "Saturday"),
            ("sunday", "Sunday"),
        ]
        assert (days.optional, days.default) == (True, ("saturday",))
        assert (submit.label, submit.disable_after_interacted) == ("Count me in", True)
        assert submit.action["actionType"] == "apiAction"
        assert (elements["name"].default, elements["name"].options) == (None, ())

    @pytest.mark.parametrize(
        ("written", "read"),
        [
            ("TEXTINPUT", "textInput"),
            ("text_input", "textInput"),
            ("select", "Select"),
            ("singleselect", "singleSelect"),
            ("DateTime", "dateTime"),
            ("star", "star"),
            (None, ""),
            (5, ""),
        ],
    )
    def test_a_type_is_read_in_any_case(self, written, read):
        """Unknown ones stay as they are."""
        fields = [{"elementId": "a", "elementType": written}]
        assert interactive(FORM, f"{CONTENT}.formFields", fields).elements["a"].type == read


class TestGoal:
    @pytest.mark.parametrize(
        ("written", "read"),
        [
            ("anyAction", "anyAction"),
            ("ANY_ACTION", "anyAction"),
            ("any_of", "anyOf"),
            ("ALLOF", "allOf"),
            ("none", "none"),
            ("NONE", "none"),
            ("twice", "twice"),
            (None, "none"),
            ("", "none"),
        ],
    )
    def test_a_type_is_read_in_any_spelling(self, written, read):
        """Those of the SDKs' constants, too."""
        assert interactive(FORM, f"{DATA}.interactionGoal.type", written).goal.type == read

    @pytest.mark.parametrize("ids", [None, {}, "a", [None, 3, "b"]])
    def test_its_elements_are_ids(self, ids):
        """What is none is left out."""
        expected = ("3", "b") if isinstance(ids, list) else ()
        goal = interactive(FORM, f"{DATA}.interactionGoal.elementIds", ids).goal
        assert goal.element_ids == expected

    def test_without_one_there_is_none_to_meet(self):
        """As CometChat has it by default; and the sender's own count for nothing."""
        bare = without(without(FORM, f"{DATA}.interactionGoal"), f"{DATA}.allowSenderInteraction")
        form = interactive(bare)
        assert (form.goal.type, form.goal.element_ids) == ("none", ())
        assert (form.allow_sender_interaction, form.interactions) == (False, ())
