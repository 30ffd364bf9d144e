"""`comethooks explain`: everything that happened to an event or a request, and why."""

import json
from dataclasses import replace

import pytest

from comethooks.workers.ids import new_id
from comethooks.workers.plugins.last_good import LastGood
from comethooks.workers.plugins.published import HeldHandler, HeldPlugin, PluginState, publish
from comethooks.workers.presses.goals import Goal, Trusted
from comethooks.workers.record import Kind
from comethooks.workers.settings.settings import Settings
from comethooks.workers.states import RunState
from tests.comethooks.cli.interactions.test_messages import see
from tests.comethooks.cli.store import TOKEN, run
from tests.webhooks.samples import message
from tests.workers.interactions.bodies import group, press
from tests.workers.interactions.bodies import press as told_press
from tests.workers.journal.interactions.forms import APP, GROUP
from tests.workers.journal.interactions.forms import press as a_press
from tests.workers.journal.interactions.forms import seen as a_message

PLUGIN = """
    from comethooks import Plugin

    print("imported")
    plugin = Plugin("welcome")

    @plugin.on("after_message")
    def greet(event, ctx):
        pass

    @plugin.on("group_*", "toys:*")
    def log(event, ctx):
        pass
"""


def handlers(document):
    return {each["handler"]: each for each in document["handlers"]}


class TestEvent:
    def test_tells_which_handlers_match_and_why_the_others_do_not(self, command, store, folder):
        """With what became of those that match."""
        folder("welcome.py", PLUGIN)
        event = store.journalled(run("welcome.greet"))
        [document] = command.json("explain", event.id)
        assert (document["kind"], document["id"], document["status"]) == ("event", event.id, "done")
        assert handlers(document) == {
            "welcome.greet": {
                "handler": "welcome.greet",
                "matches": True,
                "reason": None,
                "ran": True,
            },
            "welcome.log": {
                "handler": "welcome.log",
                "matches": False,
                "reason": '"group_*" does not fit after_message or message.sent; '
                '"toys:*" means events of toys, and this is one of cometchat',
                "ran": False,
            },
        }
        assert document["snippet"] is None
        done = command("explain", event.id)
        assert "welcome.greet  yes      done" in done.stdout
        assert "imported" not in done.stdout
        assert '"group_*" does not fit after_message' in done.stdout

    def test_tells_what_a_filter_left_out(self, command, store, folder):
        """With what the event has, and what it would have to have."""
        folder("welcome.py", PLUGIN.replace('"after_message"', '"after_message", category="card"'))
        event = store.journalled()
        [document] = command.json("explain", event.id)
        told = handlers(document)["welcome.greet"]
        assert (told["matches"], told["reason"]) == (False, 'category is "message", not "card"')
        assert 'category is "message", not "card"' in command("explain", event.id).stdout

    def test_tells_why_a_press_counts_for_nobody(self, command, store):
        """Of a form of older iOS the token says all that is known."""
        event = store.journalled(
            trigger="ui_message_interacted",
            body=b'{"trigger": "ui_message_interacted"}',
            headers={"proved_app": "app1", "proved_message": "57"},
        )
        [document] = command.json("explain", event.id)
        problems = ["it does not say who pressed", "it does not say what was pressed"]
        assert document["problems"] == problems
        assert all(problem in command("explain", event.id).stdout for problem in problems)

    def test_tells_who_called_and_how_it_was_taken(self, command, store):
        """Address, user agent, label of the credential, conversation, partition, canonical name,
        repeats.
        """
        headers = {
            "remote_address": "203.0.113.7",
            "user_agent": "CometChat/3",
            "credential": "cometchat",
        }
        event = store.journalled(headers=headers)
        store.settle(store.record(kind=Kind.DUPLICATE, event_id=event.id, body=b""))
        [document] = command.json("explain", event.id)
        assert document["headers"] == headers
        assert (document["name"], document["partition"], document["duplicates"]["count"]) == (
            "message.sent",
            0,
            1,
        )
        shown = command("explain", event.id).stdout
        for expected in (
            "203.0.113.7",
            "CometChat/3",
            "message.sent",
            "group_harbour",
            "partition",
            "1, the last",
        ):
            assert expected in shown

    def test_shows_what_is_not_as_expected_and_no_secret(self, command, store):
        """The drift by its path; neither payload nor token."""
        event = store.settle(
            store.record(message(id=new_id(), authToken=TOKEN, newField=1)),
            run(state=RunState.DEAD, error=f"ValueError: authToken={TOKEN}"),
        )
        done = command("explain", event.id)
        assert "unknown field  data.newField" in done.stdout
        assert "line 7" in done.stdout
        for printed in (done.output, command("explain", event.id, "--json").output):
            assert TOKEN not in printed
        [document] = command.json("explain", event.id)
        assert "payload" not in document
        assert {"kind": "unknown field", "path": "data.newField"} in document["drift"]

    def test_says_what_the_workers_have_otherwise(self, command, store, folder, redis_server):
        """What is found here is not what handled the event."""
        folder("welcome.py", PLUGIN)
        event = store.journalled(run("welcome.greet"))
        assert command.json("explain", event.id)[0]["plugins_of_workers"] == []
        broken = HeldPlugin("welcome", PluginState.QUARANTINED, "/w.py:3", None, "ValueError: x")
        with redis_server.client() as client:
            publish(client, "far|boot|1", [broken])
        [document] = command.json("explain", event.id)
        [plugin] = document["plugins_of_workers"]
        assert (plugin["name"], plugin["workers"][0]["state"]) == ("welcome", "quarantined")
        told = "welcome: 1 worker on far has it in quarantine: ValueError: x (/w.py:3)"
        assert told in command("explain", event.id).stdout

    def test_advises_no_replay_of_a_handler_that_the_workers_do_not_have(
        self, command, store, folder, redis_server
    ):
        """They would run it, not this shell."""
        folder("welcome.py", PLUGIN)
        event = store.journalled()
        greet = HeldHandler("welcome.greet", ("after_message",))
        with redis_server.client() as client:
            publish(client, "far|boot|1", [])
            assert "replay plan" not in command("explain", event.id).stderr
            there = HeldPlugin("welcome", PluginState.LOADED, "/w.py", "0000", handlers=(greet,))
            publish(client, "far|boot|2", [there])
        assert "--handler welcome.greet" in command("explain", event.id).stderr

    def test_names_plugins_that_are_quarantined_or_disabled(self, command, store, folder):
        """And says of a run whose handler is not loaded any more which of it is to blame."""
        path = folder("broken.py", "import nothing_of_that_name\n")
        folder("welcome.py", PLUGIN)
        event = store.journalled(run("broken.note"), run("welcome.greet"), run("gone.away"))
        [document] = command.json("explain", event.id, COMETHOOKS_DISABLED_PLUGINS="welcome")
        found = {
            each["name"]: (each["state"], each["where"]) for each in document["plugins_left_out"]
        }
        assert found == {
            "broken": ("quarantined", f"{path}:1"),
            "welcome": ("disabled", found["welcome"][1]),
        }
        reasons = {name: each["reason"] for name, each in handlers(document).items()}
        assert "its plugin is quarantined here: ModuleNotFoundError" in reasons["broken.note"]
        assert reasons["welcome.greet"] == (
            "its plugin is disabled here: named in COMETHOOKS_DISABLED_PLUGINS"
        )
        assert reasons["gone.away"] == "no plugin that is found here has it"
        assert all(each["matches"] is None for each in document["handlers"])
        shown = command("explain", event.id, COMETHOOKS_DISABLED_PLUGINS="welcome").stdout
        assert "Plugins left out here" in shown
        assert "gone.away      not loaded  done" in shown

    def test_of_two_files_with_a_name_the_one_that_had_it_says_why(self, command, store, folder):
        """That another file may not have the name is not why the first one does not run."""
        file = folder("welcome.py", PLUGIN)
        folder("a_copy.py", PLUGIN)
        settings = Settings.load(command.environ)
        last_good = LastGood.of(settings)
        last_good.own({"welcome": str(file)})
        event = store.journalled(run("welcome.greet"))
        file.write_text("def f(:")
        [document] = command.json("explain", event.id)
        reason = handlers(document)["welcome.greet"]["reason"]
        assert reason.startswith("its plugin is quarantined here: SyntaxError")

    def test_a_handler_that_came_later_has_no_run(self, command, store, folder):
        """Nor has one while the event waits, or when it was imported; each is told apart."""
        folder("welcome.py", PLUGIN)
        handled = store.journalled()
        waiting = store.accept()
        imported = store.settle(store.record(), partition=None)
        reasons = [
            handlers(command.json("explain", each.id)[0])["welcome.greet"]["reason"]
            for each in (handled, waiting, imported)
        ]
        assert (
            "replay plan --missing --handler welcome.greet" in command("explain", handled.id).stderr
        )
        assert "replay" not in command("explain", waiting.id).stderr
        assert reasons == [
            "no run: the handler was not there, or not the same, when the event was processed",
            "no run: the event waits for a worker, or a worker has it in hand",
            "no run: the event was imported, and no handler was given it",
        ]

    def test_one_that_did_match_says_so(self, command, store, folder):
        """Its patterns were others then."""
        folder("welcome.py", PLUGIN)
        event = store.journalled(run("welcome.log"))
        interest = handlers(command.json("explain", event.id)[0])["welcome.log"]
        assert interest["reason"].endswith("; it did when the event was processed")

    def test_without_a_handler_it_prints_the_one_to_write(self, command, store, folder, tmp_path):
        """Pasted into the plugin folder it matches."""
        event = store.journalled()
        [document] = command.json("explain", event.id)
        assert '@plugin.on("message.sent")' in document["snippet"]
        assert document["snippet"] in command("explain", event.id).stdout
        folder("pasted.py", document["snippet"])
        [document] = command.json("explain", event.id)
        assert document["snippet"] is None
        assert handlers(document)["my_plugin.on_message_sent"]["matches"] is True

    @pytest.mark.shipped
    def test_does_not_wonder_why_bookkeeping_has_no_run(self, command, store):
        """Nor does it say how to have it run what it has not."""
        event = store.journalled(
            trigger="group_member_joined",
            name="group.member_joined",
            body=json.dumps(group("group_member_joined", "zoe")).encode(),
        )
        [document] = command.json("explain", event.id)
        told = handlers(document)["interactions.members"]
        assert told["reason"] == "no run: it keeps one only where it failed, or did something"
        assert (
            "interactions.members"
            not in (command("explain", event.id).stdout.partition("To have it run")[2])
        )

    @pytest.mark.shipped
    def test_a_handler_of_ours_is_none_of_the_readers(self, command, store):
        """It judges a press, and what to do on one is still to be written."""
        event = store.settle(store.record(press()))
        [document] = command.json("explain", event.id)
        assert handlers(document)["interactions.pressed"]["matches"] is True
        assert '@plugin.on("interaction.received")' in document["snippet"]
        assert "user=event.interaction.user" in document["snippet"]

    def test_runs_of_replays_stand_apart(self, command, store, folder):
        """With the name of the replay; the reason is about the live run."""
        folder("welcome.py", PLUGIN)
        event = store.journalled(run(state=RunState.DEAD), run(replay="mended"))
        shown = command("explain", event.id).stdout
        live, _, replays = shown.partition("\nReplays\n")
        assert "mended" in replays
        assert "mended" not in live
        assert "welcome.greet  yes      dead" in live


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


class TestRequest:
    def test_a_refused_one_has_reason_and_errors_by_path(self, command, store):
        """Beside who called."""
        refused = store.refused(
            headers={"remote_address": "203.0.113.9", "credential": "cometchat"}
        )
        store.streams.keep(refused)
        done = command("explain", refused.id)
        assert done.exit_code == 0
        assert "the body does not fit the schema" in done.stdout
        assert "data.message.id  Missing data for required field." in done.stdout
        assert "203.0.113.9" in done.stdout
        [document] = command.json("explain", refused.id)
        assert (document["kind"], document["outcome"], document["status"]) == (
            "request",
            "refused",
            422,
        )
        assert "payload" not in document

    def test_a_duplicate_names_what_it_repeats(self, command, store):
        """And how to have that explained."""
        first, second = (store.accept(key=b"k" * 16) for _ in range(2))
        assert f"comethooks explain {first.id}" in command("explain", second.id).stdout
        assert command.json("explain", second.id)[0]["event_id"] == first.id

    def test_an_id_that_nobody_has_is_a_failure(self, command, store):
        """It says what it was looked for as, and where."""
        done = command("explain", "0123456789")
        assert done.exit_code == 1
        assert (
            "neither an event nor a request has an id that begins with 0123456789; " in done.stderr
        )
        assert "looked in the streams" in done.stderr
