"""`comethooks replay plan`, `list`, `status` and `stop`: what a replay would do, and how far one
is.
"""

import json

import pytest

from comethooks.workers.ids import new_id
from comethooks.workers.journal.times import iso
from comethooks.workers.plugins.published import HeldHandler, HeldPlugin, PluginState, publish
from comethooks.workers.states import RunState
from tests.comethooks.cli.pseudo_terminal import on_terminal
from tests.comethooks.cli.store import START, run
from tests.webhooks.samples import message

pytestmark = pytest.mark.usefixtures("welcome")


class TestPlan:
    def test_it_says_how_many_of_which_handlers_and_what_is_to_become_of_them(self, command, store):
        """Of events that no handler wants nothing is said; what is skipped is no run."""
        for _ in range(3):
            store.journalled()
        store.journalled(trigger="group_left", name="group.left")
        (found,) = command.json("replay", "plan", "--rate", "2")
        assert found == {
            "events": 3,
            "runs": 3,
            "skipped": 3,
            "oldest": iso(START),
            "newest": iso(START + 2000),
            "rate": 2.0,
            "seconds": 1.5,
            "handlers": [
                {"handler": "welcome.bill", "replay": "never", "included": False, "runs": 3},
                {"handler": "welcome.count", "replay": "safe", "included": True, "runs": 3},
                {"handler": "welcome.greet", "replay": "ask", "included": False, "runs": 3},
            ],
        }
        text = command("replay", "plan").stdout
        assert "left out: --include it if it may be repeated" in text
        assert "skipped: it may never be replayed" in text
        assert "3 events, 3 runs, 3 skipped; received from 2026-09-21T" in text

    def test_the_options_of_listings_and_handlers_narrow_it_down(self, command, store):
        """Whoever names a handler that asks has said that it may be run."""
        kept = store.journalled(conversation_id="group_pier")
        store.journalled()
        about = ("--conversation", "group_pier", "--handler", "welcome.greet")
        (found,) = command.json("replay", "plan", *about)
        assert (found["events"], found["runs"], found["oldest"]) == (1, 1, iso(kept.received_at))

    def test_filters_are_asked_what_the_bodies_say(self, command, store, folder):
        """A plan counts the runs that the replay will make."""
        folder(
            "images.py",
            """
            from comethooks import Plugin

            plugin = Plugin("images")

            @plugin.on("message.sent", type="image", replay="safe")
            def look(event, ctx):
                pass
            """,
        )
        store.journalled()
        for kind in ("image", "video"):
            store.settle(store.record(message(id=new_id(), type=kind)))
        (found,) = command.json("replay", "plan", "--handler", "images.look")
        assert (found["events"], found["runs"]) == (1, 1)

    def test_dead_and_missing_look_at_live_runs(self, command, store):
        """Each for each handler."""
        store.journalled(run("welcome.count", RunState.DEAD), run("welcome.greet"))
        store.journalled(run("welcome.greet"), run("welcome.bill"))
        by_handler = {
            option: {
                each["handler"]: each["runs"]
                for each in command.json("replay", "plan", option)[0]["handlers"]
            }
            for option in ("--dead", "--missing")
        }
        assert by_handler == {
            "--dead": {"welcome.count": 1},
            "--missing": {"welcome.bill": 1, "welcome.count": 1},
        }

    @pytest.mark.parametrize(
        ("options", "text", "code"),
        [
            (("--until", "2026-01-01"), "Nothing to do: of the events that are kept, none", 0),
            (("--handler", "welcome.bill"), "Nothing to do: welcome.bill may never be replayed", 0),
            (
                ("--missing", "--trigger", "message.sent"),
                "Nothing to do. Left out without --include: welcome.greet, which may not be safe to"
                " repeat.",
                0,
            ),
            (("--trigger", "user.blocked"), "nothing is run without --include: asking.ask", 1),
        ],
    )
    def test_nothing_to_run_is_said_as_run_says_it(
        self, command, store, folder, options, text, code
    ):
        """Nothing to do is a success, also of those handlers alone that nobody has to agree to;
        that somebody has to agree first is none.
        """
        folder(
            "asking.py",
            """
            from comethooks import Plugin

            plugin = Plugin("asking")

            @plugin.on("user.blocked")
            def ask(event, ctx):
                pass
            """,
        )
        store.journalled(trigger="user_blocked", name="user.blocked")
        store.journalled(run("welcome.count"))
        done = command("replay", "plan", *options)
        assert text in done.stdout
        assert " events," not in done.stdout
        ran = command("replay", "run", *options, "--yes")
        assert (ran.exit_code, ran.stdout) == (code, "")
        assert text in ran.stderr
        if not code:
            (found,) = command.json("replay", "run", *options, "--yes")
            assert (found["runs"], command.json("replay", "list")) == (0, [])

    @pytest.mark.parametrize(
        ("options", "text"),
        [
            (("--dead", "--missing"), "exclude each other"),
            (("--handler", "welcome.gret"), "no handler is called welcome.gret"),
            (("--include", "welcome.bill"), 'declares replay="never"'),
            (
                ("--handler", "welcome.count", "--include", "welcome.greet"),
                "not among the handlers of --handler",
            ),
            (("--file", __file__, "--since", "2d"), "--file takes all events of the file"),
        ],
    )
    def test_what_cannot_be_meant_is_wrong_use(self, command, store, options, text):
        """It says what is wrong with it."""
        done = command("replay", "plan", *options)
        assert done.exit_code == 2
        assert text in done.stderr

    @pytest.mark.parametrize("verb", [("plan",), ("run", "--detach", "--yes")])
    def test_it_warns_where_the_workers_do_not_have_the_same(
        self, command, store, redis_server, verb
    ):
        """They will do it, with what they have; what else differs is nobody's concern."""
        store.journalled()
        other = HeldPlugin("other", PluginState.LOADED, "/srv/other.py", "1")
        with redis_server.client() as client:
            publish(client, "far|boot|1", [other])
        done = command("replay", *verb, "--handler", "welcome.count")
        assert (
            "Warning: not all workers have the plugin welcome as it is found here: 1 worker on far"
            " does not have it\n"
        ) in done.stderr
        assert "other" not in done.stderr

    def test_a_handler_that_only_the_workers_have_is_told_apart(self, command, redis_server, store):
        """It is not misspelt."""
        mine = HeldPlugin(
            "mine", PluginState.LOADED, "/m.py", "1", None, (HeldHandler("mine.m", ("*",)),)
        )
        with redis_server.client() as client:
            publish(client, "far|boot|1", [mine])
        done = command("replay", "plan", "--handler", "mine.m")
        assert done.exit_code == 2
        assert "no handler that is found here is called mine.m; the workers have it" in done.stderr

    def test_of_a_file_it_plans_without_importing(self, command, store, tmp_path):
        """What the journal has not is missing, too."""
        there = store.journalled(run("welcome.count"))
        file = tmp_path / "events.jsonl"
        command("events", "export", "--output", str(file))
        line = json.dumps({"received_at": iso(START), "body": json.dumps(message(id="new"))})
        file.write_text(f"{file.read_text()}{line}\nno event\n")
        done = command("replay", "plan", "--file", str(file), "--missing", "--json")
        assert json.loads(done.stdout)["runs"] == 1
        assert "line 3:" in done.stderr
        assert [event.id for event in store.journal.events()] == [there.id]

    def test_of_a_file_it_counts_what_can_be_run_once(self, command, store, tmp_path):
        """A line that is there twice is one event, and one whose payload is not kept any more is
        none.
        """
        dropped = store.journalled()
        file = tmp_path / "events.jsonl"
        command("events", "export", "--output", str(file))
        store.journal.drop_payloads(dropped.received_at + 1, 10)
        line = json.dumps({"received_at": iso(START), "body": json.dumps(message(id="new"))})
        file.write_text(f"{file.read_text()}{line}\n{line}\n")
        assert command.json("replay", "plan", "--file", str(file))[0]["events"] == 1


def test_a_name_that_nobody_gave_is_told(command, store):
    """By every command that takes one, before it asks."""
    for name, *more in (("status",), ("stop",), ("resume",), ("forget", "--yes"), ("forget",)):
        done = command("replay", name, "other", *more)
        assert (done.exit_code, "no replay is called 'other'" in done.stderr) == (1, True)


def test_names_are_the_same_with_spaces_around_them(command, store, replays, work):
    """Nobody sees the difference."""
    store.journalled()
    assert (
        command("replay", "run", "--name", " mended ", "--all", "--yes", "--detach").exit_code == 0
    )
    assert [each.name for each in replays.all()] == ["mended"]
    assert command("replay", "run", "--name", "mended  ", "--all", "--yes").exit_code == 2
    assert command("replay", "stop", " mended").exit_code == 0
    assert command("replay", "resume", "mended ", "--detach").exit_code == 0
    work("mended")
    assert command.json("replay", "status", " mended ")[0]["state"] == "done"


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 256])
def test_a_name_can_be_read(command, store, name):
    """It is not empty, and not longer than a line or two."""
    done = command("replay", "run", "--name", name, "--all", "--yes")
    assert done.exit_code == 2
    assert "a name has 1 to 255 printable characters" in done.stderr


class TestForget:
    def test_it_takes_the_runs_of_a_replay_with_it(self, command, store, replays, work):
        """And frees its name; live runs stay."""
        store.journalled(run("welcome.greet"))
        command("replay", "run", "--name", "mended", "--all", "--yes", "--detach")
        runs = command("replay", "forget", "mended", "--yes")
        assert (runs.exit_code, "it runs; first: comethooks replay stop" in runs.stderr) == (
            1,
            True,
        )
        work("mended")
        asked = command("replay", "forget", "mended")
        assert (asked.exit_code, "add --yes" in asked.stderr) == (2, True)
        (found,) = command.json("replay", "forget", "mended", "--yes")
        assert found == {"name": "mended", "runs": 2}
        assert [each["replay"] for each in command.json("runs", "list")] == [None]
        assert replays.all() == []

    @pytest.mark.parametrize(("answer", "code"), [("y", 0), ("", 1)])
    def test_on_a_terminal_it_asks(self, command, store, replays, work, answer, code):
        """With what there is to lose."""
        store.journalled()
        command("replay", "run", "--name", "mended", "--all", "--yes", "--detach")
        work("mended")
        done, asked = on_terminal(command, answer, "replay", "forget", "mended")
        assert asked.startswith("done: 1 event, 1 run (1 done), 1 skipped.")
        assert "Forget it, with its runs? [y/N]" in asked
        assert (done.returncode, replays.get("mended") is None) == (code, not code)


def test_runs_that_retention_deleted_are_not_said_to_be_done(command, store, replays, work):
    """How they ended is not known any more."""
    kept = store.journalled()
    command("replay", "run", "--name", "mended", "--all", "--yes", "--detach")
    work("mended")
    store.journal.delete_older(kept.received_at + 1, 10)
    (found,) = command.json("replay", "status", "mended")
    assert (found["states"], found["deleted"]) == ({}, 2)
    assert "deleted since  2" in command("replay", "status", "mended").stdout
