"""`comethooks replay run` and `resume`: how a replay is begun and gone on with, and what is said at
its end.
"""

import json
import threading

import pytest

from comethooks.workers.clock import now_ms
from comethooks.workers.journal import Replays
from comethooks.workers.journal.times import iso
from comethooks.workers.states import ReplayState
from tests.comethooks.cli.pseudo_terminal import on_terminal
from tests.comethooks.cli.store import START, Store
from tests.webhooks.samples import message

EVERYTHING = ("replay", "run", "--name", "mended", "--all", "--yes")
DAY_MS = 86_400_000

pytestmark = pytest.mark.usefixtures("welcome")


def in_a_thread(work, name: str = "mended") -> threading.Thread:
    """Somebody who does the work as soon as there is some."""
    worker = threading.Thread(target=work, args=(name,), daemon=True)
    worker.start()
    return worker


class TestRun:
    def test_it_is_shown_until_it_is_done(self, command, store, work):
        """With what became of its runs, and what was skipped apart; afterwards it is listed, in the
        same words.
        """
        for _ in range(3):
            store.journalled()
        worker = in_a_thread(work)
        done = command(*EVERYTHING, "--include", "welcome.greet")
        worker.join(10)
        counts = "3 events, 6 runs (6 done), 3 skipped"
        assert (done.exit_code, done.stdout) == (0, f"done: {counts}.\n")
        assert "3 events, 6 runs, 3 skipped" in done.stderr
        (listed,) = command.json("replay", "list")
        (status,) = command.json("replay", "status", "mended")
        assert (listed["name"], listed["state"], listed["events"], listed["runs"]) == (
            "mended",
            "done",
            3,
            6,
        )
        assert (status["runs"], status["skipped"]) == (6, 3)
        assert status["states"] == {"done": 6}
        assert status["request"]["asked"].keys() == {"until"}
        assert status["request"]["asked"]["until"].endswith("Z")
        shown = command("replay", "status", "mended").stdout
        assert "3 of 3" in shown
        assert "6 (6 done)" in shown
        assert "3: welcome.bill" in shown

    def test_what_is_to_come_is_said_as_plan_says_it(self, command, store):
        """On standard error, since standard output has what came of it."""
        store.journalled()
        told = command(*EVERYTHING, "--detach")
        assert told.stderr.startswith(command("replay", "plan").stdout)
        assert told.stdout == ""

    @pytest.mark.parametrize("dry", [(), ("--dry-run",)])
    def test_dead_runs_are_a_failure(self, command, store, work, dry):
        """Whether it is a dry run or not; it says where to look."""
        store.settle(store.record(message(data={"text": "fail here"})))
        store.journalled()
        worker = in_a_thread(work)
        done = command(*EVERYTHING, "--include", "welcome.greet", *dry)
        worker.join(10)
        assert done.exit_code == 1
        assert done.stdout.startswith("done: 2 events, 4 runs (3 done, 1 dead), 2 skipped.\n")
        assert "comethooks runs list --state dead --replay mended" in done.stderr

    def test_to_name_a_handler_is_to_agree(self, command, store, work):
        """One that asks needs no --include then."""
        store.journalled()
        worker = in_a_thread(work)
        done = command("replay", "run", "--name", "mended", "--handler", "welcome.greet", "--yes")
        worker.join(10)
        assert (done.exit_code, done.stdout) == (0, "done: 1 event, 1 run (1 done).\n")

    def test_a_name_is_made_and_said_where_none_is_given(self, command, store, replays):
        """It tells what and when, needs no quotes, and is another one each time."""
        store.journalled()
        day = iso(now_ms())[:10]
        for options, name in (
            (("--all",), day),
            (("--all",), f"{day}-2"),
            (("--missing", "--dry-run"), f"dry-missing-{day}"),
        ):
            done = command("replay", "run", *options, "--yes", "--detach")
            assert (done.exit_code, f"Its name is {name}.\n" in done.stderr) == (0, True)
            assert replays.get(name) is not None

    def test_of_two_at_the_same_time_each_has_a_name_of_its_own(
        self, command, store, replays, monkeypatch
    ):
        """Nobody chose it, so nobody has to choose another one."""
        store.journalled()
        day = iso(now_ms())[:10]
        create = Replays.create

        def after_another(self, name, *args, **options):
            monkeypatch.setattr(Replays, "create", create)
            assert create(self, name, *args, **options)
            return create(self, name, *args, **options)

        monkeypatch.setattr(Replays, "create", after_another)
        done = command("replay", "run", "--all", "--yes", "--detach")
        assert (done.exit_code, f"Its name is {day}-2.\n" in done.stderr) == (0, True)
        assert f"Its name is {day}.\n" not in done.stderr
        assert {replay.name for replay in replays.all()} == {day, f"{day}-2"}

    def test_its_end_can_be_read_by_programs(self, command, store, work):
        """It is what `status` says, whether somebody waits for it or not."""
        store.journalled()
        (detached,) = command.json("replay", "run", "--name", "later", "--all", "--yes", "--detach")
        assert detached == command.json("replay", "status", "later")[0]
        worker = in_a_thread(work)
        (found,) = command.json(*EVERYTHING)
        worker.join(10)
        assert found == command.json("replay", "status", "mended")[0]

    def test_what_was_received_since_it_began_is_no_part_of_it(self, command, store, work):
        """Otherwise it might never end."""
        store.journalled()
        command(*EVERYTHING, "--detach")
        store.journalled(at=START * 2)
        assert work("mended").events == 1

    def test_fewer_events_than_it_was_to_have_are_told(self, command, store, replays, work):
        """A replay that lost some is no success."""
        store.journalled()
        store.journalled()
        command(*EVERYTHING, "--detach")
        with store.journal.engine.begin() as connection:
            connection.exec_driver_sql("DELETE FROM events WHERE id = (SELECT max(id) FROM events)")
        worker = in_a_thread(work)
        done = command("replay", "resume", "mended")
        worker.join(10)
        assert done.exit_code == 1
        assert done.stdout.startswith("done: 1 event, 1 run (1 done), 1 skipped.")
        assert "1 of 2 events is gone" in done.stderr
        assert "1 event is gone" in command("replay", "status", "mended").stdout.replace(
            "1 of 2 events", "1 event"
        )
        assert command.json("replay", "status", "mended")[0]["gone"] == 1


class TestChoosing:
    @pytest.mark.parametrize(
        "more", [(), ("--rate", "5"), ("--dry-run",), ("--include", "welcome.greet")]
    )
    def test_everything_is_replayed_only_when_somebody_says_so(self, command, store, replays, more):
        """A forgotten option is no wish."""
        store.journalled()
        done = command("replay", "run", "--name", "mended", "--yes", *more)
        assert done.exit_code == 2
        assert "every event" in done.stderr
        assert "or --all" in done.stderr
        assert replays.get("mended") is None

    @pytest.mark.parametrize(
        "more", [("--trigger", "message_sent"), ("--dead",), ("--handler", "welcome.count")]
    )
    def test_all_and_a_choice_exclude_each_other(self, command, store, more):
        """It would not be clear which counts."""
        done = command(*EVERYTHING, *more)
        assert (done.exit_code, "--all and options that choose" in done.stderr) == (2, True)

    def test_a_choice_is_enough(self, command, store, replays):
        """Whatever it is."""
        store.journalled()
        command(
            "replay", "run", "--name", "mended", "--handler", "welcome.count", "--yes", "--detach"
        )
        assert replays.get("mended") is not None

    def test_without_a_terminal_it_has_to_be_told(self, command, store, replays):
        """There is nobody to ask."""
        store.journalled()
        done = command("replay", "run", "--name", "mended", "--all")
        assert done.exit_code == 2
        assert "add --yes" in done.stderr
        assert replays.get("mended") is None

    @pytest.mark.parametrize(("answer", "code"), [("y", 0), ("", 1)])
    def test_on_a_terminal_it_asks_with_the_count(self, command, store, replays, answer, code):
        """Then nothing need be chosen."""
        store.journalled()
        done, asked = on_terminal(command, answer, "replay", "run", "--name", "mended", "--detach")
        assert "Replay 1 event, 1 run? [y/N]" in asked
        assert (done.returncode, replays.get("mended") is None) == (code, bool(code))


class TestResume:
    def test_a_name_that_is_there_is_gone_on_with_by_resume(self, command, store, replays, work):
        """Which `run` says, with the line to type; only a replay that is done is over."""
        store.journalled()
        assert command(*EVERYTHING, "--detach").exit_code == 0
        again = command(*EVERYTHING)
        assert again.exit_code == 2
        assert "comethooks replay resume mended" in again.stderr
        assert command("replay", "stop", "mended").exit_code == 0
        stopped = command("replay", "stop", "mended")
        assert (stopped.exit_code, "it is stopped" in stopped.stderr) == (1, True)
        assert command("replay", "resume", "mended", "--detach").exit_code == 0
        assert work("mended").events == 1
        again = command(*EVERYTHING)
        assert (again.exit_code, "choose another name" in again.stderr) == (2, True)
        over = command("replay", "resume", "mended")
        assert (over.exit_code, "it is done" in over.stderr) == (1, True)

    def test_a_name_with_spaces_is_quoted(self, command, store, replays):
        """What is said can be pasted."""
        store.journalled()
        command("replay", "run", "--name", "fix it", "--all", "--yes", "--detach")
        assert "comethooks replay resume 'fix it'" in command("replay", "stop", "fix it").stderr


class TestDryRun:
    @pytest.fixture(autouse=True)
    def caller(self, welcome):
        """A handler that calls out, and one more thing."""
        (welcome / "caller.py").write_text(
            """
from itertools import count
from comethooks import Plugin

plugin = Plugin("caller")
numbers = count()

@plugin.on("message.sent", replay="safe")
def call(event, ctx):
    ctx.http.post("https://example.com/in?key=1", json={"id": event.id})
    ctx.http.get(f"https://example.com/{next(numbers)}")
    with ctx.once(event.id):
        ctx.emit("called", {"text": "for: you"})
"""
        )

    def test_it_counts_what_would_have_been_done(self, command, store, work):
        """By what it is, the most frequent first, ten of them; and it says what a dry run cannot
        hold back.
        """
        for _ in range(12):
            store.journalled()
        worker = in_a_thread(work)
        done = command(
            "replay", "run", "--name", "mended", "--handler", "caller.call", "--dry-run", "--yes"
        )
        worker.join(10)
        first, *effects = done.stdout.splitlines()
        assert first == "done: 12 events, 12 runs (12 done)."
        assert effects[:3] == [
            "would POST https://example.com/in: 12 times",
            "once: would be entered: 12 times",
            "would emit caller.called: 12 times",
        ]
        assert effects[3].startswith("would GET https://example.com/")
        assert effects[3].endswith(": once")
        assert effects[10:] == ["… and 5 more, of 5 other kinds"]
        assert "other than through ctx" in done.stderr
        (status,) = command.json("replay", "status", "mended")
        assert status["effects"][0] == {"effect": "would POST https://example.com/in", "count": 12}
        assert len(status["effects"]) == 15
        assert "would emit caller.called: 12 times" in command("replay", "status", "mended").stdout

    def test_that_nothing_would_have_been_done_is_a_sentence(self, command, store, work):
        """Also where it is asked for later."""
        store.journalled()
        worker = in_a_thread(work)
        done = command(
            "replay", "run", "--name", "mended", "--handler", "welcome.count", "--dry-run", "--yes"
        )
        worker.join(10)
        nothing = "Handlers would have done nothing through ctx."
        assert done.stdout.splitlines()[1:] == [nothing]
        assert nothing in command("replay", "status", "mended").stdout

    def test_a_dry_run_is_one(self, command, store, replays):
        """Its handlers are told; the help says what it cannot hold back."""
        store.journalled()
        command(*EVERYTHING, "--dry-run", "--detach")
        found = replays.get("mended")
        assert found is not None
        assert found.dry_run
        assert "behind its back" in " ".join(command("replay", "run", "--help").stdout.split())


class TestFile:
    @pytest.fixture
    def file(self, store: Store, tmp_path):
        """An event that is there, one that is not, and that once more."""
        there = store.journalled()
        line = {"received_at": iso(START), "body": json.dumps(message(id="new"))}
        known = {"id": there.id, "received_at": iso(there.received_at), "body": there.body.decode()}
        file = tmp_path / "events.jsonl"
        file.write_text("\n".join(json.dumps(each) for each in (line, known, line)))
        return file

    def test_its_events_are_imported_first(self, command, store, work, file):
        """And no others are replayed, though the journal has some; what is in it twice is one."""
        store.journalled()
        done = command("replay", "run", "--name", "file", "--file", str(file), "--yes", "--detach")
        assert "Imported 1 event; 1 was there already." in done.stderr
        assert work("file").events == 2
        (status,) = command.json("replay", "status", "file")
        assert (status["expected"], status["gone"]) == (2, 0)

    def test_events_that_are_too_old_to_stay_are_told_and_replayed(
        self, command, store, work, tmp_path
    ):
        """The sweeper leaves them until the replay has ended."""
        lines = [
            {"received_at": iso(now_ms() - 40 * DAY_MS + n), "body": json.dumps(message(id=str(n)))}
            for n in range(3)
        ]
        file = tmp_path / "old.jsonl"
        file.write_text("\n".join(map(json.dumps, lines)))
        done = command("replay", "run", "--name", "old", "--file", str(file), "--yes", "--detach")
        assert "older than 30 days (COMETHOOKS_RETENTION_DAYS)" in done.stderr
        before = now_ms() - 30 * DAY_MS
        assert store.journal.drop_payloads(before, 10).count == 0
        assert store.journal.delete_older(before, 10).count == 0
        assert work("old").events == 3
        assert store.journal.delete_older(before, 10).count == 3

    def test_secrets_are_dropped_on_the_way_if_they_are_to_be(self, command, store, tmp_path):
        """As `events import` does."""
        line = {
            "received_at": iso(START),
            "body": json.dumps(message(id="new", authToken="planted")),
        }
        file = tmp_path / "events.jsonl"
        file.write_text(json.dumps(line))
        options = ("replay", "run", "--name", "file", "--file", str(file), "--yes", "--detach")
        assert command(*options, COMETHOOKS_DROP_SECRETS="true").exit_code == 0
        (event,) = store.journal.whole_events()
        assert b"planted" not in event.body

    def test_what_is_broken_off_is_forgotten(self, command, store, replays, file, monkeypatch):
        """Its name is free again, and nothing is replayed in part."""

        def interrupt(*_):
            raise KeyboardInterrupt

        monkeypatch.setattr("comethooks.files.importer.Importer.flush", interrupt)
        command("replay", "run", "--name", "file", "--file", str(file), "--yes", "--detach")
        assert replays.all() == []

    def test_one_whose_file_was_not_read_to_the_end_does_not_go_on(
        self, command, store, replays, file
    ):
        """Whoever read it was killed; it would replay a part of the file."""
        command("replay", "run", "--name", "file", "--file", str(file), "--yes", "--detach")
        with store.journal.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE replays SET state = 'staging'")
        assert replays.due(now_ms()) == []
        done = command("replay", "resume", "file")
        assert (done.exit_code, "not read to its end" in done.stderr) == (1, True)
        assert replays.get("file").state is ReplayState.STAGING
        again = command("replay", "run", "--name", "file", "--file", str(file), "--yes", "--detach")
        assert (again.exit_code, "comethooks replay forget file" in again.stderr) == (2, True)
        stopped = command("replay", "stop", "file")
        assert (stopped.exit_code, "comethooks replay forget file" in stopped.stderr) == (1, True)
        assert command("replay", "forget", "file", "--yes").exit_code == 0
        assert replays.all() == []
