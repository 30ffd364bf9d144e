"""`comethooks events list`."""

import json

import pytest

from comethooks import schemas
from comethooks.cli.terminal.fitting import shortened
from comethooks.workers.ids import id_at
from comethooks.workers.journal import iso
from comethooks.workers.record import Kind, event_record
from comethooks.workers.states import RunState
from tests.comethooks.cli.store import START, TOKEN, run
from tests.webhooks.samples import message, raw

LISTED = {
    "id",
    "trigger",
    "name",
    "source",
    "app_id",
    "conversation_id",
    "sender",
    "occurred_at",
    "received_at",
    "status",
    "decision",
    "votes",
    "misfit",
    "runs",
    "duplicates",
}


class TestList:
    def test_finds_what_is_about_a_message(self, command, store):
        """Whatever came of it, journalled or waiting, and nothing of another message."""
        sent = store.settle(store.record(message(id="57")))
        edited = store.accept(message("message_edited", id="57", editedAt=1_800_000_001))
        store.accept(message(id="58"))
        found = command.json("events", "list", "--message", "57")
        assert [each["id"] for each in found] == [edited.id, sent.id]
        assert command.json("events", "list", "--message", "5") == []

    def test_an_accepted_event_is_listed_though_no_worker_runs(self, command, store):
        record = store.accept()
        [event] = command.json("events", "list")
        assert event.keys() == LISTED
        assert event["id"] == record.id
        assert event["trigger"] == "after_message"
        assert event["name"] == "message.sent"
        assert event["received_at"] == iso(record.received_at)
        assert (event["status"], event["runs"]) == ("queued", [])

    def test_a_misfit_is_marked(self, command, store):
        """Whether it is journalled or not; so is what `show` has of it."""
        sent = message(id=...)
        [waiting, journalled] = [
            event_record(
                schemas.parse(sent, raw(sent), lenient={"*"}),
                id=id_at(START + number),
                received_at=START + number,
                body=raw(sent),
            )
            for number in range(2)
        ]
        store.streams.accept(waiting, duplicate_key=b"1", has_time=False)
        store.settle(journalled)
        assert [event["misfit"] for event in command.json("events", "list")] == [["data.id"]] * 2
        assert command("events", "list").stdout.count("after_message (misfit)") == 2
        for record in (waiting, journalled):
            [shown] = command.json("events", "show", record.id)
            assert shown["drift"] == [{"kind": "misfit", "path": "data.id"}]
            assert "misfit" in command("events", "show", record.id).stdout
        [counted] = command.json("drift", "--kind", "misfit")
        assert (counted["path"], counted["example_id"]) == ("data.id", journalled.id)

    def test_a_journalled_event_has_its_runs(self, command, store):
        store.journalled(run("welcome.greet"), run("welcome.log", RunState.DEAD))
        [event] = command.json("events", "list")
        assert event["status"] == "dead"
        assert event["runs"] == [
            {
                "handler": "welcome.greet",
                "state": "done",
                "attempts": 1,
                "error": None,
                "replay": None,
                "dry_run": False,
            },
            {
                "handler": "welcome.log",
                "state": "dead",
                "attempts": 1,
                "error": "ValueError: no such user",
                "replay": None,
                "dry_run": False,
            },
        ]

    def test_what_is_in_stream_and_journal_is_shown_once_as_the_journal_has_it(
        self, command, store
    ):
        record = store.accept()
        store.settle(record, run())
        [event] = command.json("events", "list")
        assert (event["id"], event["status"]) == (record.id, "done")

    def test_the_newest_come_first_from_both_places(self, command, store):
        records = [store.accept(), store.journalled(run()), store.accept(), store.journalled(run())]
        found = [event["id"] for event in command.json("events", "list")]
        assert found == [record.id for record in reversed(records)]

    def test_json_lists_all_and_a_table_the_newest_fifty(self, command, store):
        for _ in range(53):
            store.journalled(run())
        assert len(command.json("events", "list")) == 53
        table = command("events", "list")
        assert len(table.stdout.splitlines()) == 1 + 50
        assert "the newest 50; there are more" in table.stderr

    @pytest.mark.parametrize("arguments", [("--limit", "2"), ("--limit", "2", "--json")])
    def test_a_limit_keeps_the_newest_of_both_places(self, command, store, arguments):
        first, second, third = store.accept(), store.journalled(run()), store.accept()
        shown = command("events", "list", *arguments).stdout
        assert shortened(third.id) in shown
        assert shortened(second.id) in shown
        assert shortened(first.id) not in shown

    @pytest.mark.parametrize("keep", ["accept", "journalled"])
    @pytest.mark.parametrize(
        ("option", "value"),
        [
            ("--trigger", "before_message"),
            ("--conversation", "group_pier"),
            ("--user", "grace"),
            ("--app", "app2"),
        ],
    )
    def test_filters_hold_in_streams_and_journal(self, command, store, keep, option, value):
        fields = {
            "--trigger": {"trigger": "before_message"},
            "--conversation": {"conversation_id": "group_pier"},
            "--user": {"sender": "grace"},
            "--app": {"app_id": "app2"},
        }
        getattr(store, keep)()
        wanted = getattr(store, keep)(**fields[option])
        assert [event["id"] for event in command.json("events", "list", option, value)] == [
            wanted.id
        ]

    def test_the_status_filter_tells_waiting_events_from_others(self, command, store):
        waiting, done, dead = (
            store.accept(),
            store.journalled(run()),
            store.journalled(run(state=RunState.DEAD)),
        )
        unhandled = store.journalled()
        found = {
            status: [event["id"] for event in command.json("events", "list", "--status", status)]
            for status in ("queued", "done", "dead", "unhandled", "retrying")
        }
        assert found == {
            "queued": [waiting.id],
            "done": [done.id],
            "dead": [dead.id],
            "unhandled": [unhandled.id],
            "retrying": [],
        }

    @pytest.mark.parametrize("keep", ["accept", "journalled"])
    def test_since_is_included_and_until_is_not(self, command, store, keep):
        records = [getattr(store, keep)(at=START + 1000 * number) for number in range(3)]
        asked = ("--since", iso(START + 1000), "--until", iso(START + 2000))
        assert [event["id"] for event in command.json("events", "list", *asked)] == [records[1].id]

    def test_a_time_may_be_how_long_ago(self, command, store):
        store.accept()
        assert command.json("events", "list", "--since", "1s") == []
        assert len(command.json("events", "list", "--since", "3000d")) == 1

    def test_the_table_is_readable_without_a_terminal(self, command, store):
        record = store.accept(
            conversation_id="a-very-long-user-id-of-fifty-characters-1_user_a-very-long-user-id-2"
        )
        shown = command("events", "list", FORCE_COLOR="1", COLUMNS="40").stdout
        head, row = shown.splitlines()
        assert head.split() == [
            "RECEIVED",
            "STATUS",
            "TRIGGER",
            "RUNS",
            "CONVERSATION",
            "USER",
            "ID",
        ]
        assert f"{iso(record.received_at)[:19]}Z" in row
        assert record.conversation_id in row
        assert row.endswith(shortened(record.id))
        assert "\x1b" not in shown

    def test_nothing_found_is_no_failure(self, command, store):
        for arguments in ((), ("--json",)):
            done = command("events", "list", *arguments)
            assert (done.exit_code, done.stdout) == (0, "")
            assert "No events found" in done.stderr

    def test_control_characters_of_a_sender_do_not_reach_the_terminal(self, command, store):
        store.accept(sender="\x1b[2Jeve\u202e")
        shown = command("events", "list").stdout
        assert "\\u001b[2Jeve\\u202e" in shown
        assert "\x1b" not in shown

    def test_without_redis_the_journal_is_shown_with_a_warning(self, command, store):
        record = store.journalled(run())
        done = command("events", "list", "--json", REDIS_URL="unix:///tmp/nobody-listens-here.sock")
        assert done.exit_code == 0
        assert json.loads(done.stdout)["id"] == record.id
        assert "Redis at unix:///tmp/nobody-listens-here.sock did not answer" in done.stderr

    def test_without_a_journal_it_says_what_to_run(self, command):
        done = command("events", "list")
        assert done.exit_code == 1
        assert "run: comethooks db upgrade" in done.stderr

    def test_without_its_tables_the_journal_is_told_to_be_upgraded(self, command, tmp_path):
        (tmp_path / "comethooks.db").touch()
        done = command("events", "list")
        assert done.exit_code == 1
        assert "run: comethooks db upgrade" in done.stderr

    def test_looking_does_not_make_a_database(self, command, tmp_path):
        command("events", "list")
        assert not (tmp_path / "comethooks.db").exists()

    @pytest.mark.parametrize(
        "arguments",
        [
            ("--since", "yesterday"),
            ("--since", "2026-10-03", "--until", "2026-10-02"),
            ("--status", "broken"),
            ("--limit", "0"),
        ],
    )
    def test_wrong_use_is_exit_2(self, command, store, arguments):
        assert command("events", "list", *arguments).exit_code == 2

    def test_settings_that_cannot_be_used_are_explained(self, command):
        done = command("events", "list", PORT="many")
        assert done.exit_code == 1
        assert "PORT" in done.stderr
        assert "Traceback" not in done.stderr


class TestDuplicates:
    def test_repeats_are_counted_while_no_worker_runs(self, command, store):
        first = store.accept(key=b"k" * 16)
        repeats = [store.accept(key=b"k" * 16), store.accept(key=b"k" * 16)]
        [event] = command.json("events", "list")
        assert event["id"] == first.id
        assert event["duplicates"] == {
            "count": 2,
            "last_at": iso(repeats[1].received_at),
            "last_request_id": repeats[1].id,
        }
        [shown] = command.json("events", "show", first.id)
        assert shown["duplicates"] == event["duplicates"]

    def test_repeats_that_are_journalled_are_not_counted_again(self, command, store):
        first = store.accept(key=b"k" * 16)
        store.settle(first, run())
        journalled, waiting = store.accept(key=b"k" * 16), store.accept(key=b"k" * 16)
        store.settle(
            store.record(
                id=journalled.id, at=journalled.received_at, kind=Kind.DUPLICATE, event_id=first.id
            )
        )
        [shown] = command.json("events", "show", first.id)
        assert shown["duplicates"]["count"] == 2
        assert shown["duplicates"]["last_request_id"] == waiting.id


def test_the_planted_token_is_in_the_bodies_of_these_tests():
    assert TOKEN in raw(message(authToken=TOKEN)).decode()
