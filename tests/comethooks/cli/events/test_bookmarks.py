"""`comethooks events bookmark`: a redacted sample of an event, kept under a name, and sent by
it.
"""

import json
import stat
from random import Random

import pytest

from comethooks import schemas
from comethooks.samples import all_samples
from comethooks.workers.clock import now_ms
from comethooks.workers.ids import new_id
from comethooks.workers.texts import dumps
from tests.comethooks.cli.store import TOKEN
from tests.webhooks.samples import message


@pytest.fixture
def event(store):
    """An event in the journal, with a text and a token in it."""
    body = message(id="4711", authToken=TOKEN)
    return store.settle(store.record(body))


@pytest.fixture
def file(tmp_path):
    """Where the bookmark `sample` is."""
    return tmp_path / "bookmarks" / "sample.json"


class TestAdd:
    def test_keeps_a_redacted_body_for_this_user_alone(self, command, event, file):
        """Ids stay; texts and tokens do not."""
        done = command("events", "bookmark", event.id[:20], "sample")
        assert (done.exit_code, done.stdout) == (0, "")
        assert "comethooks send sample" in done.stderr
        assert json.loads(file.read_bytes()) == schemas.redacted(schemas.decode(event.body))
        assert TOKEN not in file.read_text()
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700

    def test_in_json_it_says_what_it_kept(self, command, event, file):
        assert command.json("events", "bookmark", event.id, "sample") == [
            {"name": "sample", "trigger": "after_message", "event_id": event.id, "path": str(file)}
        ]

    def test_one_that_is_there_is_left_alone(self, command, event, file):
        """It says how to remove it."""
        file.parent.mkdir()
        file.write_text("mine")
        done = command("events", "bookmark", event.id, "sample")
        assert done.exit_code == 1
        assert "comethooks events bookmark --remove sample" in done.stderr
        assert file.read_text() == "mine"

    @pytest.mark.parametrize(
        "name", ["../up", "a b", "", "-x", "UP", "x" * 65, "story", "message_sent"]
    )
    def test_a_name_that_cannot_be_is_wrong_use(self, command, event, tmp_path, name):
        """Also one that `comethooks send` knows already."""
        assert command("events", "bookmark", "--", event.id, name).exit_code == 2
        assert not (tmp_path / "bookmarks").exists()

    @pytest.mark.parametrize(
        "arguments",
        [
            (),
            ("0199f2a4",),
            ("--list", "--remove", "x"),
            ("0199f2a4", "x", "--list"),
            ("0199f2a4", "--list"),
        ],
    )
    def test_one_thing_at_a_time(self, command, arguments):
        assert command("events", "bookmark", *arguments).exit_code == 2

    def test_what_cannot_be_sent_is_not_kept(self, command, store, file):
        """Events of another source, and those without a body."""
        other = store.settle(store.record(source="toys"))
        done = command("events", "bookmark", other.id, "sample")
        assert (done.exit_code, "came from toys" in done.stderr) == (1, True)
        bare = store.settle(store.record(body=b"", size=9))
        done = command("events", "bookmark", bare.id, "sample")
        assert (done.exit_code, "not kept any more" in done.stderr) == (1, True)
        assert not file.exists()

    def test_an_id_that_nobody_has_is_a_failure(self, command, store):
        assert command("events", "bookmark", "0123456789", "sample").exit_code == 1


class TestList:
    def test_lists_names_triggers_and_files(self, command, event, file):
        """Whatever else is in the folder is none."""
        command("events", "bookmark", event.id, "sample")
        (file.parent / "notes.txt").write_text("")
        (file.parent / "broken.json").write_text("{")
        assert command.json("events", "bookmark", "--list") == [
            {"name": "broken", "trigger": None, "path": str(file.parent / "broken.json")},
            {"name": "sample", "trigger": "after_message", "path": str(file)},
        ]
        assert "sample  after_message" in command("events", "bookmark", "--list").stdout

    def test_none_is_no_failure(self, command):
        done = command("events", "bookmark", "--list")
        assert (done.exit_code, done.stdout) == (0, "")
        assert "No bookmarks" in done.stderr

    def test_what_is_removed_is_gone(self, command, event, file):
        command("events", "bookmark", event.id, "sample")
        assert command("events", "bookmark", "--remove", "sample").exit_code == 0
        assert not file.exists()
        assert command("events", "bookmark", "--remove", "sample").exit_code == 1

    def test_nothing_outside_of_the_folder_can_be_removed(self, command, tmp_path):
        (tmp_path / "other.json").write_text("{}")
        assert command("events", "bookmark", "--remove", "../other").exit_code == 1
        assert (tmp_path / "other.json").exists()


class TestSend:
    def test_what_was_kept_is_sent_as_if_it_happened_now(self, command, application, kept, event):
        """So it is an event of its own: neither a repeat of the first one nor of the one sent a
        while before.
        """
        command("events", "bookmark", event.id, "sample")
        before = now_ms()
        done = command("send", "sample")
        assert (done.exit_code, done.stdout[:4]) == (0, "200 "), done.output
        [record] = kept()
        assert (record.kind, record.trigger) == ("event", "after_message")
        assert record.conversation_id == event.conversation_id
        assert before - 1000 <= record.occurred_at <= now_ms()
        assert json.loads(record.body)["data"]["id"] == "4711"

    def test_every_kind_of_event_can_be_kept_and_sent(self, command, application, kept, store):
        """What is left of each by redaction is still accepted, as what it was; one of each trigger
        and schema will do.
        """
        samples = all_samples(now_ms=now_ms() - 10**9, random=Random(4))
        bodies = {(kind.trigger, kind.legacy): body for kind, body in samples}
        events = [store.settle(store.record(body, id=new_id())) for body in bodies.values()]
        for number, event in enumerate(events):
            done = command("events", "bookmark", event.id, f"kind-{number}")
            assert done.exit_code == 0, (event.trigger, done.output)
            body = command("send", f"kind-{number}", "--print").stdout.encode()
            parsed = schemas.parse(schemas.decode(body), body)
            assert (parsed.trigger, parsed.name) == (event.trigger, event.name)

    def test_it_can_be_changed(self, command, event):
        """By the options that change bodies."""
        command("events", "bookmark", event.id, "sample")
        done = command("send", "sample", "--set", "data.data.text=hi", "--print")
        assert json.loads(done.stdout)["data"]["data"]["text"] == "hi"

    @pytest.mark.parametrize(
        "option", [("--legacy",), ("--variant", "image"), ("--count", "3"), ("--bot",)]
    )
    def test_options_that_make_bodies_up_are_wrong_use(self, command, event, option):
        command("events", "bookmark", event.id, "sample")
        assert command("send", "sample", *option, "--print").exit_code == 2

    def test_a_body_that_somebody_wrote_there_is_sent_as_it_stands(self, command, file):
        """It is for the server to refuse it."""
        file.parent.mkdir()
        file.write_bytes(b'{"no": "event" }')
        assert command("send", "sample", "--print").stdout == '{"no": "event" }\n'
        file.write_bytes(dumps({"trigger": "brand_new", "appId": "app1", "data": {}}))
        assert json.loads(command("send", "sample", "--print").stdout)["trigger"] == "brand_new"
