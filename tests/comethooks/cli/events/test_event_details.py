"""`comethooks events show`."""

import pytest

from comethooks.workers.journal import iso
from comethooks.workers.states import RunState
from tests.comethooks.cli.events.test_events import LISTED
from tests.comethooks.cli.store import START, TOKEN, run
from tests.webhooks.samples import message


class TestShow:
    def test_has_everything_and_the_payload_without_secrets(self, command, store):
        body = message(id="57")
        body["data"]["data"]["entities"] = {
            "sender": {"entity": {"uid": "ada", "authToken": TOKEN}}
        }
        record = store.accept(body)
        [event] = command.json("events", "show", record.id)
        assert event.keys() == LISTED | {
            "headers",
            "partition",
            "spooled",
            "size",
            "drift",
            "payload",
        }
        assert event["headers"] == {"content_type": "Application/json", "credential": "cometchat"}
        assert event["payload"]["data"]["data"]["text"] == "the tide is in"
        assert (
            event["payload"]["data"]["data"]["entities"]["sender"]["entity"]["authToken"] == "***"
        )

    def test_runs_come_with_times_and_tracebacks(self, command, store):
        record = store.journalled(run(state=RunState.DEAD))
        [event] = command.json("events", "show", record.id)
        [found] = event["runs"]
        assert found["started_at"] == iso(START)
        assert found["finished_at"] == iso(START + 42)
        assert 'File "welcome.py", line 7' in found["traceback"]

    def test_is_laid_out_for_people(self, command, store):
        record = store.journalled(run("welcome.greet"), run("welcome.log", RunState.DEAD))
        shown = command("events", "show", record.id).stdout
        for text in (
            f"Event {record.id}",
            "conversation  group_harbour",
            "welcome.greet  done",
            "Traceback of welcome.log",
            '      File "welcome.py", line 7',
            '"text": "the tide is in"',
        ):
            assert text in shown
        assert "\x1b" not in shown

    def test_says_why_there_are_no_runs(self, command, store):
        waiting, unhandled = store.accept(), store.journalled()
        assert "waits for a worker" in command("events", "show", waiting.id).stdout
        assert "no handler matched" in command("events", "show", unhandled.id).stdout

    @pytest.mark.parametrize("keep", ["accept", "journalled"])
    def test_the_beginning_of_an_id_is_enough(self, command, store, keep):
        record = getattr(store, keep)()
        getattr(store, keep)(at=START - 10**9)
        assert command.json("events", "show", record.id[:12].upper())[0]["id"] == record.id

    def test_an_ambiguous_beginning_is_refused(self, command, store):
        first, _ = store.accept(), store.journalled()
        done = command("events", "show", first.id[:8])
        assert done.exit_code == 1
        assert f"2 ids begin with '{first.id[:8]}'" in done.stderr

    def test_too_short_a_beginning_is_wrong_use(self, command, store):
        assert command("events", "show", "01a2f").exit_code == 2

    def test_not_found_says_where_it_looked(self, command, store, tmp_path):
        done = command("events", "show", "0123456789")
        assert (done.exit_code, done.stdout) == (1, "")
        assert "looked in the streams of unix://" in done.stderr
        assert f"the journal sqlite:///{tmp_path}" in done.stderr

    def test_the_id_of_a_request_leads_to_the_request(self, command, store):
        store.accept(key=b"k" * 16)
        repeat = store.accept(key=b"k" * 16)
        done = command("events", "show", repeat.id)
        assert done.exit_code == 1
        assert f"comethooks requests show {repeat.id}" in done.stderr

    def test_a_body_that_is_no_json_is_shown_as_text_without_secrets(self, command, store):
        record = store.journalled(
            body=b'{"data": {"authToken": "%s", "x": 1,}, "note": "hi \xff"}' % TOKEN.encode()
        )
        [event] = command.json("events", "show", record.id)
        assert event["payload"] == '{"data": {"authToken": ***, "x": 1,}, "note": "hi \ufffd"}'

    def test_a_body_of_lone_surrogates_and_great_depth_is_shown(self, command, store):
        deep = b'{"x": ' * 300 + b"1" + b"}" * 300
        record = store.accept(
            body=b'{"text": "\\ud83d", "number": 123456789012345678901234567890, "deep": %s}' % deep
        )
        [event] = command.json("events", "show", record.id)
        assert event["payload"]["text"] == "\ud83d"
        assert event["payload"]["number"] == 123456789012345678901234567890
        assert "\\ud83d" in command("events", "show", record.id).stdout

    def test_a_secret_in_an_error_is_not_shown(self, command, store):
        failed = run(
            state=RunState.DEAD,
            error=f"KeyError: {{'authToken': '{TOKEN}'}}",
            traceback=f"…\nKeyError: {{'authToken': '{TOKEN}'}}\n",
        )
        record = store.journalled(failed)
        for arguments in (
            ("events", "list", "--json"),
            ("events", "show", record.id),
            ("events", "show", record.id, "--json"),
            ("runs", "list"),
            ("runs", "list", "--json"),
            ("runs", "show", record.id),
        ):
            done = command(*arguments)
            assert "KeyError" in done.stdout
            assert TOKEN not in done.output
