"""`comethooks explain` of an event."""

import json

import pytest

from comethooks.workers.ids import new_id
from comethooks.workers.plugins.last_good import LastGood
from comethooks.workers.plugins.published import HeldHandler, HeldPlugin, PluginState, publish
from comethooks.workers.record import Kind
from comethooks.workers.settings.settings import Settings
from comethooks.workers.states import RunState
from tests.comethooks.cli.store import TOKEN, run
from tests.webhooks.samples import message
from tests.workers.interactions.bodies import group, press

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
