"""`comethooks runs`: what handlers did."""

import pytest

from tests.webhooks.cli.store import START, run
from workers.journal import iso
from workers.states import RunState

LISTED = {
    "event_id",
    "handler",
    "state",
    "attempts",
    "error",
    "replay",
    "started_at",
    "finished_at",
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
            (("--limit", "1"), ["audit.keep"]),
            (("--since", iso(START + 2000)), ["audit.keep"]),
        ],
    )
    def test_filters(self, command, events, arguments, handlers):
        assert [each["handler"] for each in command.json("runs", "list", *arguments)] == handlers

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
        assert "welcome.greet  dead   1" in shown
        assert "42 ms" in shown
        assert "ValueError: no such user" in shown


class TestShow:
    def test_shows_all_runs_with_tracebacks(self, command, events):
        [shown] = command.json("runs", "show", events[1].id)
        assert (shown["event_id"], shown["status"]) == (events[1].id, "dead")
        dead, done = shown["runs"]
        assert dead.keys() == LISTED | {"traceback"}
        assert "line 7" in dead["traceback"]
        assert done["traceback"] is None

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
