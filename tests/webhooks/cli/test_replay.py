"""`comethooks replay`: what a replay would do, how it is begun, how far it is; and refusals that fit now."""

import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.webhooks.cli.conftest import Command
from tests.webhooks.cli.store import START, Store, run
from tests.webhooks.samples import message, raw
from webhooks.cli.replay_refused import event_id_of
from workers import backlog
from workers.connections import connect
from workers.journal import Filter, Outcome
from workers.journal.replays import Replays, StoredReplay
from workers.journal.times import iso
from workers.layout import read_layouts
from workers.loading import load_plugins
from workers.processes import StopFlag
from workers.replaying import Replaying
from workers.settings import Settings
from workers.states import ReplayState, RunState

PLUGIN = """
from comethooks import Plugin

plugin = Plugin("welcome")

@plugin.on("message.sent", replay="safe")
def count(event, ctx):
    pass

@plugin.on("message.sent")
def greet(event, ctx):
    if "fail" in event.message.text:
        raise ValueError("as the text says")

@plugin.on("message.sent", replay="never")
def bill(event, ctx):
    raise AssertionError("never")
"""


@pytest.fixture(autouse=True)
def plugin(tmp_path: Path) -> None:
    """A plugin with a handler of each kind."""
    folder = tmp_path / "plugins"
    folder.mkdir()
    (folder / "welcome.py").write_text(PLUGIN)


@pytest.fixture
def replays(store: Store) -> Replays:
    """The replays of the journal that `command` uses."""
    return Replays(store.journal.engine)


@pytest.fixture
def work(command: Command, store: Store, replays: Replays) -> Callable[[str], StoredReplay]:
    """Does the jobs of a replay until it has ended."""
    settings = Settings.load(command.environ)

    def work(name: str) -> StoredReplay:
        client = connect(settings.redis_url)
        while (found := replays.get(name)) is None or found.state is ReplayState.RUNNING:
            plugins = load_plugins(settings)
            Replaying(name, settings, plugins, store.journal, client, StopFlag()).run()
        return found

    return work


class TestPlan:
    def test_it_says_how_many_of_which_handlers_and_what_is_to_become_of_them(self, command, store):
        """Of events that no handler wants nothing is said."""
        for _ in range(3):
            store.journalled()
        store.journalled(trigger="group_left", name="group.left")
        (found,) = command.json("replay", "plan", "--rate", "2")
        assert found == {
            "events": 3,
            "runs": 3,
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
        assert "3 events, 3 runs; received from 2026-09-21T" in text

    def test_the_options_of_listings_and_handlers_narrow_it_down(self, command, store):
        """Included, a handler that asks is run."""
        kept = store.journalled(conversation_id="group_pier")
        store.journalled()
        about = ("--conversation", "group_pier", "--handler", "welcome.greet", "--include", "welcome.greet")
        (found,) = command.json("replay", "plan", *about)
        assert (found["events"], found["runs"], found["oldest"]) == (1, 1, iso(kept.received_at))

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


class TestRun:
    def test_it_is_shown_until_it_is_done(self, command, store, replays, work):
        """With what became of its runs; afterwards it is listed."""
        store.settle(store.record(message(data={"text": "fail here"})))
        store.journalled()
        store.journalled()
        worker = threading.Thread(target=work, args=("mended",), daemon=True)
        worker.start()
        done = command("replay", "run", "--name", "mended", "--include", "welcome.greet", "--yes")
        worker.join(10)
        assert (done.exit_code, done.stdout) == (0, "done: 3 events, 9 runs (5 done, 1 dead, 3 skipped).\n")
        assert "3 events, 6 runs" in done.stderr
        (listed,) = command.json("replay", "list")
        (status,) = command.json("replay", "status", "mended")
        assert (listed["name"], listed["state"], listed["events"]) == ("mended", "done", 3)
        assert status["states"] == {"done": 5, "dead": 1, "skipped": 3}
        assert status["request"]["asked"].keys() == {"until"}
        assert status["request"]["asked"]["until"].endswith("Z")
        assert "3 of 3" in command("replay", "status", "mended").stdout

    def test_what_was_received_since_it_began_is_no_part_of_it(self, command, store, replays, work):
        """Otherwise it might never end."""
        store.journalled()
        command("replay", "run", "--name", "mended", "--yes", "--detach")
        store.journalled(at=START * 2)
        assert work("mended").events == 1

    def test_a_handler_that_asks_is_not_run_unless_it_is_included(self, command, store, replays):
        """If nothing else is there to run, it says so."""
        store.journalled()
        done = command("replay", "run", "--name", "mended", "--handler", "welcome.greet", "--yes")
        assert done.exit_code == 1
        assert "nothing is run without --include: welcome.greet" in done.stderr
        assert replays.get("mended") is None

    def test_a_dry_run_is_one(self, command, store, replays):
        """Its handlers are told."""
        store.journalled()
        command("replay", "run", "--name", "mended", "--dry-run", "--yes", "--detach")
        found = replays.get("mended")
        assert found is not None
        assert found.dry_run

    def test_it_asks_unless_told_otherwise(self, command, store, replays):
        """Without a terminal there is nobody to ask."""
        store.journalled()
        done = command("replay", "run", "--name", "mended")
        assert done.exit_code == 2
        assert "add --yes" in done.stderr
        assert replays.get("mended") is None

    def test_a_name_is_given_once(self, command, store, replays, work):
        """One that was stopped goes on by its name alone."""
        store.journalled()
        options = ("replay", "run", "--name", "mended", "--yes", "--detach")
        assert command(*options).exit_code == 0
        assert command(*options, "--dead").exit_code == 1
        assert command("replay", "stop", "mended").exit_code == 0
        stopped = command("replay", "stop", "mended")
        assert (stopped.exit_code, "it is stopped" in stopped.stderr) == (1, True)
        assert command(*options, "--dead").exit_code == 1
        assert command(*options).exit_code == 0
        assert work("mended").events == 1
        again = command(*options)
        assert (again.exit_code, "choose another name" in again.stderr) == (1, True)

    def test_the_events_of_a_file_are_imported_first(self, command, store, work, tmp_path):
        """And no others are replayed, though the journal has some."""
        store.journalled()
        there = store.journalled()
        line = {"received_at": iso(START), "body": json.dumps(message(id="new"))}
        lines = [line, {"id": there.id, "received_at": iso(there.received_at), "body": there.body.decode()}]
        file = tmp_path / "events.jsonl"
        file.write_text("\n".join(json.dumps(each) for each in lines))
        done = command("replay", "run", "--name", "file", "--file", str(file), "--yes", "--detach")
        assert "Imported 1 events; 1 were there already." in done.stderr
        assert work("file").events == 2
        (status,) = command.json("replay", "status", "file")
        assert status["expected"] == 2

    def test_a_name_that_nobody_gave_is_told(self, command, store):
        """By every command that takes one."""
        for name in ("status", "stop"):
            done = command("replay", name, "other")
            assert (done.exit_code, "no replay is called 'other'" in done.stderr) == (1, True)


class TestRefused:
    def test_what_fits_now_becomes_a_late_event_once(self, command, store):
        """With its old time; what does not fit still does not."""
        fits = store.settle(store.refused())
        store.settle(store.refused(body=b'{"trigger": "message_sent", "data": 1}'))
        (tried,) = command.json("replay", "refused", "--dry-run")
        assert tried == {"accepted": 1, "duplicates": 0, "refused": 1, "dry_run": True}
        assert list(waiting(command)) == []
        (found,) = command.json("replay", "refused", "--yes")
        assert found == {"accepted": 1, "duplicates": 0, "refused": 1, "dry_run": False}
        (event,) = waiting(command)
        assert (event.id, event.received_at, event.body) == (
            event_id_of(fits.id),
            fits.received_at,
            fits.body,
        )
        assert [each.event_id for each in store.journal.requests(Filter(outcome=Outcome.REFUSED))] == [
            None,
            event.id,
        ]
        (again,) = command.json("replay", "refused", "--yes")
        assert again["accepted"] == 0

    def test_what_came_again_and_was_accepted_is_recognised(self, command, store):
        """By its duplicate key, as always."""
        body = message(id="57")
        store.settle(store.refused(body=raw(body)))
        store.settle(store.refused(body=raw(body)))
        (found,) = command.json("replay", "refused", "--yes")
        assert (found["accepted"], found["duplicates"]) == (1, 1)


def waiting(command: Command):
    """The events that wait in streams."""
    client = connect(command.environ["REDIS_URL"])
    entries = backlog.entries(client, read_layouts(client).numbers)
    return (entry.record for entry in entries if entry.record.kind == "event")
