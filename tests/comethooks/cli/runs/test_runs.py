"""`comethooks runs`: what handlers did."""

import re
import time

import pytest

from comethooks.cli.terminal.fitting import shortened
from comethooks.workers.journal import Attempt, iso
from comethooks.workers.states import RunState
from tests.comethooks.cli.store import START, TOKEN, run

LISTED = {
    "event_id",
    "handler",
    "state",
    "attempts",
    "error",
    "replay",
    "dry_run",
    "started_at",
    "finished_at",
    "next_at",
    "version",
    "waits_for",
    "left_out_at",
}


@pytest.fixture
def events(store):
    """Three events with runs, the newest last."""
    return (
        store.journalled(run("welcome.greet")),
        store.journalled(run("welcome.greet", RunState.DEAD), run("welcome.log")),
        store.journalled(run("audit.keep"), conversation_id="group_pier"),
    )


class TestList:
    def test_lists_runs_of_the_newest_event_first(self, command, events):
        found = command.json("runs", "list")
        assert [(each["event_id"], each["handler"]) for each in found] == [
            (events[2].id, "audit.keep"),
            (events[1].id, "welcome.greet"),
            (events[1].id, "welcome.log"),
            (events[0].id, "welcome.greet"),
        ]
        assert all(each.keys() == LISTED for each in found)
        assert (found[0]["started_at"], found[0]["finished_at"]) == (iso(START), iso(START + 42))

    @pytest.mark.parametrize(
        ("arguments", "handlers"),
        [
            (("--state", "dead"), ["welcome.greet"]),
            (("--handler", "welcome.greet"), ["welcome.greet", "welcome.greet"]),
            (("--handler", "welcome.log", "--state", "dead"), []),
            (("--conversation", "group_pier"), ["audit.keep"]),
            (("--status", "dead"), ["welcome.greet", "welcome.log"]),
            (("--status", "retrying"), []),
            (("--limit", "1"), ["audit.keep"]),
            (("--since", iso(START + 2000)), ["audit.keep"]),
        ],
    )
    def test_filters(self, command, events, arguments, handlers):
        assert [each["handler"] for each in command.json("runs", "list", *arguments)] == handlers

    def test_those_of_one_replay(self, command, store):
        """Or, for the empty name, live ones; of one event and by failure, too."""
        dead = (run(state=RunState.DEAD, replay=name) for name in (None, "mended", "other"))
        event = store.journalled(*dead)
        for name, found in (("mended", ["mended"]), ("", [None]), ("nobody", [])):
            for about in ((), ("--event", event.id), ("--state", "dead")):
                listed = command.json("runs", "list", "--replay", name, *about)
                assert [each["replay"] for each in listed] == found
            groups = command.json("runs", "list", "--group", "--replay", name)
            assert [group["count"] for group in groups] == [1] * len(found)

    @pytest.mark.parametrize(
        ("status", "handlers"), [("dead", ["welcome.greet", "welcome.log"]), ("done", [])]
    )
    def test_the_status_of_one_event_counts_too(self, command, events, status, handlers):
        asked = ("--event", events[1].id, "--status", status)
        assert [each["handler"] for each in command.json("runs", "list", *asked)] == handlers

    @pytest.mark.parametrize(
        ("arguments", "handlers"),
        [
            ((), ["welcome.greet", "welcome.log"]),
            (("--state", "dead"), ["welcome.greet"]),
            (("--handler", "welcome.log"), ["welcome.log"]),
            (("--conversation", "group_pier"), []),
            (("--limit", "1"), ["welcome.greet"]),
        ],
    )
    def test_the_runs_on_one_event(self, command, events, arguments, handlers):
        found = command.json("runs", "list", "--event", events[1].id, *arguments)
        assert [each["handler"] for each in found] == handlers

    def test_a_waiting_event_has_none_and_that_is_no_failure(self, command, store):
        record = store.accept()
        for arguments in ((), ("--event", record.id), ("--event", "0123456789")):
            done = command("runs", "list", *arguments)
            assert (done.exit_code, done.stdout) == (0, "")
            assert "No runs found" in done.stderr

    def test_the_table_has_state_duration_and_error(self, command, events):
        shown = command("runs", "list", "--state", "dead").stdout
        assert re.search(r"welcome\.greet  dead +1 ", shown)
        assert "42 ms" in shown
        assert "ValueError: no such user" in shown

    def test_what_waits_for_its_next_attempt_says_when_that_is(self, command, store):
        """Exactly in JSON, and in the table as long as it is from now."""
        at = time.time_ns() // 1_000_000 + 3_600_000
        store.journalled(run("welcome.greet", RunState.RETRYING, next_at=at, version="1.2.3"))
        (found,) = command.json("runs", "list", "--state", "retrying")
        assert (found["next_at"], found["version"]) == (iso(at), "1.2.3")
        shown = command("runs", "list").stdout
        assert re.search(r"NEXT .*\n.*  retrying  in (60|59)m  1 ", shown)


def failure(error):
    """The fields of a run that failed in the plugin's seventh line."""
    return {"error": error, "failed_in": "/plugins/welcome.py:7"}


POST = "POST https://example.com/in"


@pytest.fixture
def repeated(store):
    """An event whose run has failed twice and is done since: its process died, then there was an
    error.
    """
    died = Attempt(1, None, None, "its process ended before it did (SIGKILL)")
    record = store.journalled(
        run(
            state=RunState.RETRYING,
            attempts=2,
            error=f"ValueError: authToken={TOKEN}",
            effects=(f"{POST} 500",),
            earlier=(died,),
            next_at=START + 1000,
        )
    )
    store.journal.claim("host|boot|7", now=START + 2000, until=START + 9000, limit=1)
    again = {"started_at": START + 2000, "finished_at": START + 2007}
    done = run(attempts=3, effects=(f"{POST} 201",), **again)
    assert store.journal.finish("host|boot|7", [(record.id, done)]) == 1
    return record


class TestAttempts:
    @pytest.mark.parametrize("words", [("runs", "show"), ("events", "show"), ("explain",)])
    def test_all_are_shown_with_times_error_and_effects(self, command, repeated, words):
        """By all commands that show a run by itself; secrets are masked."""
        shown = command(*words, repeated.id).stdout
        for expected in (
            "Attempts of welcome.greet",
            r"1 +failed +its process ended before it did \(SIGKILL\)",
            rf"2 +failed +{iso(START)} +42 ms +ValueError: authToken=\*\*\*",
            rf"3 +done +{iso(START + 2000)} +7 ms",
            f"2: {POST} 500\n    3: {POST} 201",
        ):
            assert re.search(expected, shown), expected
        assert TOKEN not in shown

    @pytest.mark.parametrize("words", [("runs", "show"), ("events", "show"), ("explain",)])
    def test_all_are_in_json(self, command, repeated, words):
        """The first first; the effects of the run are those of the last one."""
        [document] = command.json(*words, repeated.id)
        [found] = document["runs"]
        assert (found["attempts"], found["effects"]) == (3, [f"{POST} 201"])
        assert found["attempts_made"] == [
            {
                "number": number,
                "state": state,
                "started_at": started and iso(started),
                "finished_at": finished and iso(finished),
                "error": error,
                "effects": effects,
            }
            for number, state, started, finished, error, effects in (
                (1, "failed", None, None, "its process ended before it did (SIGKILL)", []),
                (2, "failed", START, START + 42, "ValueError: authToken=***", [f"{POST} 500"]),
                (3, "done", START + 2000, START + 2007, None, [f"{POST} 201"]),
            )
        ]

    def test_the_only_one_needs_no_table(self, command, store):
        """The table of runs says it all."""
        record = store.journalled(run(effects=(f"{POST} 201",)))
        shown = command("runs", "show", record.id).stdout
        assert "Attempts of" not in shown
        assert f"\n    {POST} 201" in shown


class TestGroup:
    @pytest.fixture
    def failures(self, store):
        """Three failures of one cause in three states, one of another, and runs that are done."""
        same = failure("ValueError: no user 1")
        first = store.journalled(run(state=RunState.DEAD, **same), run("welcome.log"))
        store.journalled(run(state=RunState.DISMISSED, **failure("ValueError: no user 2")))
        retrying = {
            **failure("ValueError: no user 3"),
            "next_at": START,
            "finished_at": START + 9000,
        }
        last = store.journalled(
            run(state=RunState.RETRYING, **retrying), conversation_id="group_pier"
        )
        store.journalled(run(state=RunState.DEAD, **failure("KeyError: 'x'")), run("welcome.log"))
        return first, last

    def test_failures_of_one_cause_are_one_line(self, command, failures):
        """With how many are in which state, first and last when, and the last event as an
        example.
        """
        found = command.json("runs", "list", "--group")
        assert found == [
            {
                "handler": "welcome.greet",
                "error": "ValueError",
                "place": "/plugins/welcome.py:7",
                "count": 3,
                "states": {"dead": 1, "dismissed": 1, "retrying": 1},
                "first_at": iso(START + 42),
                "last_at": iso(START + 9000),
                "example_id": failures[1].id,
            },
            {
                "handler": "welcome.greet",
                "error": "KeyError",
                "place": "/plugins/welcome.py:7",
                "count": 1,
                "states": {"dead": 1},
                "first_at": iso(START + 42),
                "last_at": iso(START + 42),
                "example_id": found[1]["example_id"],
            },
        ]
        shown = command("runs", "list", "--group").stdout
        assert (
            "welcome.greet  ValueError  /plugins/welcome.py:7  3      1 dead, 1 dismissed, 1"
            " retrying" in shown
        )
        assert shortened(failures[1].id) in shown

    @pytest.mark.parametrize(
        ("arguments", "counts"),
        [
            (("--state", "dead"), [1, 1]),
            (("--state", "retrying"), [1]),
            (("--conversation", "group_pier"), [1]),
            (("--handler", "welcome.log"), []),
            (("--since", iso(START + 3000)), [1]),
            (("--status", "dead"), [1, 1]),
            (("--limit", "1"), [3]),
        ],
    )
    def test_filters(self, command, failures, arguments, counts):
        found = command.json("runs", "list", "--group", *arguments)
        assert [each["count"] for each in found] == counts

    def test_those_on_one_event(self, command, failures):
        found = command.json("runs", "list", "--group", "--event", failures[0].id[:30])
        assert [(each["count"], each["example_id"]) for each in found] == [(1, failures[0].id)]
        assert command.json("runs", "list", "--group", "--event", "0123456789") == []

    def test_no_failure_is_no_failure(self, command, store):
        store.journalled(run())
        done = command("runs", "list", "--group")
        assert (done.exit_code, done.stdout) == (0, "")
        assert "No failures found" in done.stderr


class TestShow:
    def test_shows_all_runs_with_tracebacks(self, command, events):
        [shown] = command.json("runs", "show", events[1].id)
        assert (shown["event_id"], shown["status"]) == (events[1].id, "dead")
        dead, done = shown["runs"]
        assert dead.keys() == LISTED | {"traceback", "effects", "attempts_made"}
        assert "line 7" in dead["traceback"]
        assert done["traceback"] is None

    def test_shows_version_and_next_attempt(self, command, store):
        """Of each run, here and where the event is shown."""
        event = store.journalled(
            run("welcome.greet", RunState.RETRYING, next_at=START, version="1.2.3")
        )
        for group in ("runs", "events"):
            shown = command(group, "show", event.id).stdout
            assert re.search(r"welcome.greet  retrying  now .* 1\.2\.3", shown)
            (document,) = command.json(group, "show", event.id)
            assert document["runs"][0]["version"] == "1.2.3"
            assert document["runs"][0]["next_at"] == iso(START)

    def test_shows_the_runs_of_one_handler(self, command, events):
        shown = command("runs", "show", events[1].id, "welcome.log").stdout
        assert "welcome.log" in shown
        assert "welcome.greet" not in shown

    def test_names_the_handlers_there_are(self, command, events):
        done = command("runs", "show", events[1].id, "welcome.lgo")
        assert done.exit_code == 1
        assert "handlers with runs: welcome.greet, welcome.log" in done.stderr

    def test_a_waiting_event_has_no_runs_yet(self, command, store):
        record = store.accept()
        done = command("runs", "show", record.id)
        assert (done.exit_code, "It has no runs." in done.stdout) == (0, True)

    def test_a_replay_is_named(self, command, store):
        record = store.journalled(run(), run(state=RunState.DEAD, replay="mended"))
        shown = command("runs", "show", record.id).stdout
        assert "REPLAY" in shown
        assert "Traceback of welcome.greet in replay mended" in shown

    def test_an_unknown_event_is_a_failure(self, command, store):
        assert command("runs", "show", "0123456789").exit_code == 1
