"""`comethooks events import`: lines become events in the journal, once, and nothing is run on
them.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from comethooks.files import importer
from comethooks.workers.clock import now_ms
from comethooks.workers.ids import new_id
from comethooks.workers.journal import iso
from comethooks.workers.settings.settings import Settings
from tests.comethooks.cli.conftest import Command
from tests.comethooks.cli.events.test_exporting import MEGABYTE, grown, write_many
from tests.comethooks.cli.store import START, TOKEN, run
from tests.comethooks.files.test_json_lines import NASTY
from tests.tables import make_tables
from tests.webhooks.samples import message, raw


@pytest.fixture
def elsewhere(command: Command, tmp_path: Path) -> Command:
    """The command on another deployment, which nothing has happened in."""
    own = {
        "COMETHOOKS_DATA_DIR": str(tmp_path / "elsewhere"),
        "REDIS_URL": "unix:///tmp/nobody-listens-here.sock",
    }
    environ = {**command.environ, **own}
    (tmp_path / "elsewhere").mkdir()
    make_tables(Settings.load(environ).database_url)
    return Command(environ)


@pytest.fixture
def file(tmp_path: Path):
    """Writes lines to a file, bytes as they are and others as JSON, and gives its path."""

    def write(*lines: Any) -> str:
        written = [line if isinstance(line, bytes) else raw(line) for line in lines]
        (tmp_path / "lines.jsonl").write_bytes(b"".join(line + b"\n" for line in written))
        return str(tmp_path / "lines.jsonl")

    return write


def line(**fields: Any) -> dict[str, Any]:
    return {"id": new_id(), "received_at": iso(START), "body": raw(message()).decode(), **fields}


def imported(command: Command, *arguments: str) -> dict[str, int]:
    done = command("events", "import", "--json", *arguments)
    assert done.exit_code == (1 if json.loads(done.stdout)["bad"] else 0), done.output
    return json.loads(done.stdout)


class TestRoundTrip:
    def test_an_export_of_an_import_is_the_same_bytes(
        self, command, store, elsewhere, file, tmp_path
    ):
        """Whatever the bodies hold, and where they were."""
        for body in NASTY.values():
            store.journalled(run(), body=body)
        store.accept(headers={})
        store.journalled(run(), occurred_at=None, sender=None, name=None, body=b"no json")
        first, second = tmp_path / "first.jsonl", tmp_path / "second.jsonl"
        assert command("events", "export", "--output", str(first)).exit_code == 0
        assert first.read_bytes().count(b"\n") == len(NASTY) + 2
        # What the bodies say may be more than what this test has put beside them.
        assert imported(elsewhere, str(first))["imported"] == len(NASTY) + 2
        assert elsewhere("events", "export", "--output", str(second)).exit_code == 0
        before, after = map(derived_apart, (first, second))
        assert before == after

    def test_what_the_server_kept_comes_back_to_the_byte(self, command, store, elsewhere, tmp_path):
        """Nothing is put beside the bodies here but what they say."""
        for number in range(30):
            store.journalled(run(), at=START - number % 7)
        store.accept()
        first, second = tmp_path / "first.jsonl", tmp_path / "second.jsonl"
        command("events", "export", "--output", str(first))
        imported(elsewhere, str(first))
        elsewhere("events", "export", "--output", str(second))
        assert first.read_bytes() == second.read_bytes()

    def test_an_event_without_its_body_comes_back_without(
        self, command, store, elsewhere, tmp_path
    ):
        """And is still shown so."""
        record = store.journalled(run())
        store.journal.drop_payloads(START + 10**6, 10)
        command("events", "export", "--output", str(tmp_path / "out.jsonl"))
        assert imported(elsewhere, str(tmp_path / "out.jsonl"))["imported"] == 1
        assert "The body was not kept." in elsewhere("events", "show", record.id).stdout

    def test_what_was_redacted_can_be_imported(self, command, store, elsewhere, tmp_path):
        """With what is known of it beside its body."""
        record = store.journalled(run())
        command("events", "export", "--redact", "--output", str(tmp_path / "out.jsonl"))
        assert imported(elsewhere, str(tmp_path / "out.jsonl"))["imported"] == 1
        [event] = elsewhere.json("events", "show", record.id)
        assert (event["sender"], event["conversation_id"]) == ("ada", "group_harbour")
        assert TOKEN not in str(event)


class TestImport:
    def test_ids_times_and_headers_are_kept_and_nothing_is_run(self, command, store, file):
        """The status of an event without runs is unhandled, and its page says that it was
        imported.
        """
        one = line(headers={"content_type": "Application/json"})
        assert imported(command, file(one)) == {"imported": 1, "already_there": 0, "bad": 0}
        [event] = command.json("events", "show", one["id"])
        assert (event["received_at"], event["headers"]) == (one["received_at"], one["headers"])
        assert (event["status"], event["runs"], event["partition"]) == ("unhandled", [], None)
        assert event["trigger"] == "after_message"
        shown = command("events", "show", one["id"]).stdout
        assert "the event was imported" in shown
        assert "no handler matched" not in shown
        assert command.json("runs", "list") == []

    @pytest.mark.parametrize("raw_bodies", [False, True])
    def test_secrets_are_dropped_where_the_settings_say_so(self, command, store, file, raw_bodies):
        """As they are dropped of what comes over HTTP; what the event is stays."""
        body = raw({**message(), "authToken": TOKEN})
        path = file(body if raw_bodies else line(body=body.decode()))
        arguments = ("events", "import", path, *(["--raw"] if raw_bodies else []))
        done = command(*arguments, COMETHOOKS_DROP_SECRETS="true")
        assert done.stdout == "Imported 1 event; 0 were there already; 0 bad lines.\n", done.output
        exported = command("events", "export").stdout
        assert TOKEN not in exported
        assert json.loads(json.loads(exported)["body"]) == {**message(), "authToken": "***"}

    def test_a_bare_body_that_lacks_something_is_imported_where_the_settings_say_so(
        self, command, store, file
    ):
        """As it would have been kept when it came, and marked; otherwise its line is bad."""
        misfit = message(id=...)
        arguments = ("events", "import", "--raw", file(misfit))
        assert "line 1: " in command(*arguments).stderr
        done = command(*arguments, COMETHOOKS_LENIENT_TRIGGERS=misfit["trigger"])
        assert done.stdout == "Imported 1 event; 0 were there already; 0 bad lines.\n", done.output
        [kept] = command.json("events", "list")
        [shown] = command.json("events", "show", kept["id"])
        assert shown["misfit"] == ["data.id"]

    def test_what_is_there_is_recognised(self, command, store, file):
        """In the journal, in a stream and further up in the file; it stays as it is."""
        journalled, waiting, new = store.journalled(run()), store.accept(), line()
        known = [line(id=record.id, body="another") for record in (journalled, waiting)]
        path = file(*(each | {"trigger": "other"} for each in known), new, new)
        assert imported(command, path) == {"imported": 1, "already_there": 3, "bad": 0}
        assert imported(command, path) == {"imported": 0, "already_there": 4, "bad": 0}
        assert command.json("events", "show", journalled.id)[0]["status"] == "done"
        assert command.json("events", "show", waiting.id)[0]["status"] == "queued"

    def test_bad_lines_are_named_and_the_others_imported(self, command, store, file):
        """By their numbers, which count empty lines too."""
        done = command(
            "events", "import", file(line(), b"oops", b"", line(received_at="noon"), line())
        )
        assert done.exit_code == 1
        assert "line 2: not JSON\n" in done.stderr
        assert "line 4: received_at: Not an ISO 8601 time.\n" in done.stderr
        assert done.stdout == "Imported 2 events; 0 were there already; 2 bad lines.\n"

    def test_lines_may_come_over_standard_input(self, command, store):
        """With the line ends and the byte order mark of other systems."""
        done = command.piped(
            b"\xef\xbb\xbf" + raw(line()) + b"\r\n" + raw(line()), "events", "import", "-"
        )
        assert done.exit_code == 0, done.output
        assert "Imported 2 events" in done.stdout

    def test_more_than_a_batch_is_imported(self, command, store, file, monkeypatch):
        """The last one, which is not full, too."""
        monkeypatch.setattr(importer, "_BATCH", 4)
        lines = [line() for _ in range(10)]
        assert imported(command, file(*lines))["imported"] == 10
        assert {event["id"] for event in command.json("events", "list")} == {
            each["id"] for each in lines
        }

    def test_a_line_that_is_too_long_is_bad_and_the_next_one_is_not(
        self, command, store, file, monkeypatch
    ):
        """However long it is, and just as long as may be."""
        one = raw(line())
        monkeypatch.setattr(importer, "LONGEST_LINE", len(one))
        monkeypatch.setattr(importer, "_CHUNK", 7)
        path = file(one, b" " * (len(one) + 1), raw(line()), b"x" * (3 * len(one)), raw(line()))
        done = command("events", "import", path)
        assert [text.split(":")[0] for text in done.stderr.splitlines()[:2]] == ["line 2", "line 4"]
        assert "Imported 3 events" in done.stdout

    def test_what_retention_will_delete_is_told(self, command, store, file):
        """Before somebody wonders where it went."""
        old = command("events", "import", file(line(received_at="2020-01-01T00:00:00Z"), line()))
        assert "COMETHOOKS_RETENTION_DAYS" in old.stderr
        new = command("events", "import", file(line(received_at=iso(now_ms()))))
        assert "COMETHOOKS_RETENTION_DAYS" not in new.stderr

    def test_progress_is_told_where_there_is_no_terminal(self, command, store, file):
        """In a plain line."""
        assert "read 3 of 3\n" in command("events", "import", file(line(), line(), line())).stderr

    def test_a_file_that_is_not_there_is_wrong_use(self, command, store, tmp_path):
        """Nothing is begun."""
        assert command("events", "import", str(tmp_path / "nowhere")).exit_code == 2

    def test_without_a_journal_it_says_what_to_run(self, command, file):
        """An import does not make one."""
        done = command("events", "import", file(line()))
        assert done.exit_code == 1
        assert "run: comethooks db upgrade" in done.stderr


class TestRaw:
    def test_bare_bodies_are_events_and_recognised_the_next_time(self, command, store, file):
        """Received when they occurred."""
        path = file(message(), message(id="4712"), message())
        assert imported(command, "--raw", path) == {"imported": 2, "already_there": 1, "bad": 0}
        assert imported(command, "--raw", path) == {"imported": 0, "already_there": 3, "bad": 0}
        events = command.json("events", "list")
        assert {event["received_at"] for event in events} == {iso(1_800_000_000_000)}
        assert {event["conversation_id"] for event in events} == {"group_harbour"}

    def test_a_byte_order_mark_is_no_part_of_a_body(self, command, store):
        """Programs on other systems put one before the first."""
        body = raw({"trigger": "made_up", "data": {}})
        for given in (b"\xef\xbb\xbf" + body, body):
            assert command.piped(given, "events", "import", "--raw", "-").exit_code == 0
        assert len(command.json("events", "list")) == 1

    def test_what_would_be_refused_is_named(self, command, store, file):
        """By its number and by what is missing."""
        done = command("events", "import", "--raw", file(message(), message(id=...)))
        assert done.exit_code == 1
        assert "line 2: data.id: Missing data for required field." in done.stderr
        assert "Imported 1 event; 0 were there already; 1 bad line." in done.stdout


def test_memory_does_not_grow_with_what_is_imported(command, store, elsewhere, tmp_path):
    """Forty megabytes of bodies go through a few of them."""
    write_many(store, 5_000, 8000)
    path = str(tmp_path / "many.jsonl")
    command("events", "export", "--output", path)
    assert os.path.getsize(path) > 40_000_000
    (tmp_path / "few.jsonl").write_bytes(
        b"".join((tmp_path / "many.jsonl").read_bytes().splitlines(True)[:600])
    )
    calls = [["events", "import", str(name)] for name in (tmp_path / "few.jsonl", path)]
    assert grown(elsewhere, *calls) < 20 * MEGABYTE
    assert imported(elsewhere, path)["already_there"] == 5_000


def derived_apart(path: Path) -> list[dict[str, Any]]:
    """The lines, without what is derived from a body that says something."""
    names = ("trigger", "name", "app_id", "conversation_id", "sender", "occurred_at")
    lines = [json.loads(each) for each in path.read_bytes().splitlines()]
    return [{name: value for name, value in each.items() if name not in names} for each in lines]
