"""What `comethooks explain` tells of a press, and of who completed a message."""

import json
from dataclasses import replace

import pytest

from comethooks.workers.presses.goals import Goal, Trusted
from tests.comethooks.cli.interactions.test_messages import see
from tests.workers.interactions.bodies import press as told_press
from tests.workers.journal.interactions.forms import APP, GROUP
from tests.workers.journal.interactions.forms import press as a_press
from tests.workers.journal.interactions.forms import seen as a_message


class TestGoal:
    """What the goal of its message makes of a press, and of who completed it."""

    def test_tells_what_counts_and_what_is_missing(self, command, store):
        """Of all presses of its user, and of this press what does not count and why."""
        see(store)
        pressed(store, 1, "submit", answers={"name": "Omar"}, message_id="58")
        event = pressed(store, 2, "submit", answers={"other": "x"})
        [document] = command.json("explain", event.id)
        assert document["goal"] == {
            "message_id": "57",
            "goal": "allOf name, submit",
            "user": "omar",
            "user_from": "interactedBy",
            "judged": True,
            "counts": ["submit"],
            "missing": "name",
            "completed_at": None,
            "completed_by": None,
            "waits_until": None,
            "left_out": [{"element_id": "other", "why": "the message has no such element"}],
        }
        shown = command("explain", event.id).stdout.partition("\nGoal\n")[2]
        assert [line.split(maxsplit=1) for line in shown.splitlines()[:6]] == [
            ["message", '57 form "Who comes along?"'],
            ["goal", "allOf name, submit"],
            ["user", "omar (interactedBy)"],
            ["counts", "submit"],
            ["missing", "name"],
            ["not", "counted  other: the message has no such element"],
        ]

    def test_tells_when_it_was_completed_and_by_which_event(self, command, store):
        """Of the press that completed it, and of the event that tells so."""
        see(store)
        event = pressed(store, 1, "submit", answers={"name": "Omar"})
        told = store.journalled(
            trigger="interaction_goal_completed",
            source="comethooks",
            body=json.dumps(
                {
                    "trigger": "interaction_goal_completed",
                    "data": {"completion": {"messageId": "57", "user": "omar"}},
                }
            ).encode(),
            app_id=APP,
        )
        for each in (event, told):
            [document] = command.json("explain", each.id)
            goal = document["goal"]
            assert (goal["counts"], goal["missing"]) == (["submit", "name"], None)
            assert goal["completed_by"] == event.id
            assert goal["completed_at"] is not None
            assert "completed  2025-10-09T" in command("explain", each.id).stdout

    def test_tells_whom_a_press_is_of_that_names_nobody(self, command, store):
        """Then nothing is missing for it to count."""
        see(store)
        event = pressed(store, 1, "submit", None)
        [document] = command.json("explain", event.id)
        assert (document["goal"]["user"], document["goal"]["user_from"]) == (
            "omar",
            "only possible",
        )
        assert document["problems"] == []

    def test_tells_what_a_press_waits_for(self, command, store):
        """Its message, or that its user is known as one of the group."""
        event = pressed(store, 1, "submit", "zoe")
        shown = command("explain", event.id).stdout
        assert "waits    for its message to be seen, until 2025-10-16T08:53:21Z" in shown
        see(store, facts=a_message(group=GROUP).facts)
        [document] = command.json("explain", event.id)
        assert (document["goal"]["waits_until"], document["goal"]["counts"]) == (None, ["submit"])
        environ = {"COMETHOOKS_INTERACTIONS_TRUST": "confirmed"}
        shown = command("explain", event.id, **environ).stdout
        assert "for its user to be known as one of the group, until 2025-10-16" in shown
        assert "whether the user belongs to the conversation is not known" in shown

    @pytest.mark.parametrize(
        ("goal", "missing"),
        [
            (Goal("anyAction"), "any element"),
            (Goal("anyOf", ("age", "name")), "one of age, name"),
            (Goal("allOf", ("age", "name")), "age, name"),
            (Goal("allOf"), "nothing completes it"),
            (Goal("none"), "nothing completes it"),
        ],
    )
    def test_says_what_is_missing_of_each_goal(self, command, store, goal, missing):
        """In words."""
        see(store, facts=replace(a_message().facts, goal=goal))
        event = pressed(store, 1, "other")
        [document] = command.json("explain", event.id)
        assert document["goal"]["missing"] == missing

    def test_has_nothing_to_say_of_what_was_not_judged(self, command, store):
        """By no worker yet, or of no message."""
        event = store.journalled(
            trigger="ui_message_interacted",
            body=json.dumps(told_press("submit")).encode(),
            app_id=APP,
        )
        [document] = command.json("explain", event.id)
        assert document["goal"]["judged"] is False
        assert "not yet, or the journal does not have it any more" in (
            command("explain", event.id).stdout
        )
        [document] = command.json("explain", store.journalled().id)
        assert document["goal"] is None


def pressed(store, number, element, user="omar", **changed):
    """An event that tells of a press, which is judged."""
    answers = changed.pop("answers", {})
    message_id = changed.pop("message_id", "57")
    event = store.journalled(
        trigger="ui_message_interacted",
        body=json.dumps(told_press(element, user, message_id, **answers)).encode(),
        app_id=APP,
    )
    told = a_press(number, element, user, answers=answers, message_id=message_id, **changed)
    told = replace(told, press=replace(told.press, id=event.id), user_from=user and "interactedBy")
    store.journal.interactions.press(
        told, by=event.id, trusted=Trusted.MEMBERS, now=told.received_at
    )
    return event
