"""`comethooks events export`: events as lines, from streams and journal, the oldest first."""

import json
import os
import stat
import subprocess
import sys
import threading

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from comethooks.browse.listing import Kept
from comethooks.workers.journal import Settled, iso
from comethooks.workers.journal.listings.filters import EVERYTHING
from comethooks.workers.record import Kind
from comethooks.workers.states import RunState
from tests.comethooks.cli.store import START, TOKEN, Store, run
from tests.webhooks.samples import message, raw

MEGABYTE = 2**20


def grown(command, *calls: list[str]) -> int:
    """By how many bytes the last of these calls raised what a process that made the others before
    ever had.
    """
    process = subprocess.run(
        [sys.executable, "-m", "tests.comethooks.cli.memory", *map(json.dumps, calls)],
        env={**os.environ, **command.environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    return int(process.stdout.splitlines()[-1])


def write_many(store: Store, count: int, size: int) -> None:
    """So many events of one second in the journal, with bodies of that size."""
    body = raw(message(data={"text": "x" * size}))
    for first in range(0, count, 1000):
        records = [
            store.record(body=body, size=len(body), at=START + number)
            for number in range(first, first + 1000)
        ]
        store.journal.write([Settled(record, (run(),), 0) for record in records])


def exported(command, *arguments: str) -> list[dict]:
    done = command("events", "export", *arguments)
    assert done.exit_code == 0, done.output
    return [json.loads(line) for line in done.stdout.splitlines()]


class TestLines:
    def test_have_what_is_known_and_the_body_as_it_came(self, command, store):
        """Secrets too, of which standard error warns."""
        record = store.journalled(run())
        done = command("events", "export")
        assert json.loads(done.stdout) == {
            "id": record.id,
            "trigger": "after_message",
            "name": "message.sent",
            "source": "cometchat",
            "app_id": "app1",
            "conversation_id": "group_harbour",
            "sender": "ada",
            "occurred_at": iso(record.occurred_at),
            "received_at": iso(record.received_at),
            "decision": None,
            "votes": [],
            "size": len(record.body),
            "headers": {"content_type": "Application/json", "credential": "cometchat"},
            "body": record.body.decode(),
        }
        assert TOKEN in done.stdout
        assert "holds secrets and personal data" in done.stderr
        assert "Exported 1 event." in done.stderr

    def test_come_oldest_first_from_streams_and_journal(self, command, store):
        """What waits is in between as it came, with its body."""
        records = [store.accept(), store.journalled(run()), store.accept(), store.journalled(run())]
        found = exported(command)
        assert [event["id"] for event in found] == [record.id for record in records]
        assert [event["body"].encode() for event in found] == [record.body for record in records]

    def test_are_events_only(self, command, store):
        """Refused requests and repeats are none."""
        first = store.accept(key=b"k" * 16)
        store.accept(key=b"k" * 16)
        store.settle(store.refused())
        store.streams.keep(store.refused())
        assert [event["id"] for event in exported(command)] == [first.id]

    def test_of_an_event_without_its_body_have_null(self, command, store):
        """Retention has dropped it; its size is still known."""
        record = store.journalled(run())
        store.journal.drop_payloads(START + 10**6, 10)
        [event] = exported(command)
        assert (event["body"], event["size"]) == (None, record.size)

    def test_redacted_have_neither_secrets_nor_personal_data(self, command, store):
        """And there is nothing to be warned of."""
        store.journalled(run())
        store.accept()
        done = command("events", "export", "--redact")
        assert done.exit_code == 0
        assert TOKEN not in done.output
        assert "the tide is in" not in done.output
        assert "Warning" not in done.stderr
        found = [json.loads(line) for line in done.stdout.splitlines()]
        assert [event["redacted"] for event in found] == [True, True]
        assert json.loads(found[0]["body"])["data"]["conversationId"] == "group_harbour"

    @pytest.mark.parametrize("keep", ["accept", "journalled"])
    @pytest.mark.parametrize(
        ("option", "fields"),
        [
            (("--trigger", "before_message"), {"trigger": "before_message"}),
            (("--conversation", "group_pier"), {"conversation_id": "group_pier"}),
            (("--user", "grace"), {"sender": "grace"}),
            (("--app", "app2"), {"app_id": "app2"}),
            (("--since", iso(START + 10**9)), {"at": START + 10**9}),
            (("--until", iso(START - 10**9)), {"at": START - 10**9 - 1}),
        ],
    )
    def test_can_be_chosen_in_streams_and_journal(self, command, store, keep, option, fields):
        """By what every listing can be chosen by."""
        getattr(store, keep)()
        wanted = getattr(store, keep)(**fields)
        assert [event["id"] for event in exported(command, *option)] == [wanted.id]

    def test_can_be_chosen_by_status(self, command, store):
        """What waits in a stream is queued."""
        queued, dead = store.accept(), store.journalled(run(state=RunState.DEAD))
        assert [event["id"] for event in exported(command, "--status", "queued")] == [queued.id]
        assert [event["id"] for event in exported(command, "--status", "dead")] == [dead.id]

    def test_are_none_when_nothing_is_found(self, command, store):
        """Which is no failure."""
        done = command("events", "export")
        assert (done.exit_code, done.stdout) == (0, "")
        assert "Exported 0 events." in done.stderr


class TestMoving:
    def test_what_is_in_stream_and_journal_is_there_once(self, command, store):
        """It is about to leave its stream."""
        record = store.accept()
        store.settle(record, run())
        assert [event["id"] for event in exported(command)] == [record.id]

    def test_what_is_journalled_after_the_streams_were_read_is_there_once(self, store):
        """Its entry is gone when its turn comes."""
        records = [store.accept(conversation_id=f"group_{number}") for number in range(5)]
        kept = Kept(store.streams.client, store.journal, partitions=16, warn=pytest.fail)
        events = kept.whole_events(EVERYTHING)
        first = next(events)
        for record in records:
            store.settle(record, run())
        store.streams.client.flushall()
        rest = list(events)
        assert [event.id for event in (first, *rest)] == [record.id for record in records]
        assert [event.body for event in rest] == [record.body for record in records[1:]]
        assert {event.status.value for event in rest} == {"done"}

    def test_redis_that_goes_away_is_an_error(self, command, store, monkeypatch):
        """An export that lacks what waits must not look whole."""

        def away(*arguments):
            raise RedisConnectionError

        store.accept()
        monkeypatch.setattr("comethooks.workers.streams.backlog.record_at", away)
        done = command("events", "export")
        assert done.exit_code == 1
        assert "Redis went away (ConnectionError)" in done.stderr
        assert "0 were written" in done.stderr


class TestFile:
    def test_only_its_owner_may_read_it(self, command, store, tmp_path):
        """It holds secrets."""
        record = store.journalled(run())
        done = command("events", "export", "--output", str(tmp_path / "out.jsonl"))
        assert (done.exit_code, done.stdout) == (0, "")
        assert stat.S_IMODE((tmp_path / "out.jsonl").stat().st_mode) == 0o600
        assert json.loads((tmp_path / "out.jsonl").read_text())["id"] == record.id
        assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []

    def test_one_that_is_there_is_replaced_when_all_is_written(
        self, command, store, tmp_path, monkeypatch
    ):
        """An export that fails leaves the old one, and nothing else."""
        (tmp_path / "out.jsonl").write_text("the old one")
        (tmp_path / "out.jsonl").chmod(0o644)
        store.accept()
        with monkeypatch.context() as patched:
            patched.setattr(
                "comethooks.workers.streams.backlog.record_at", lambda *arguments: 1 / 0
            )
            assert (
                command("events", "export", "--output", str(tmp_path / "out.jsonl")).exit_code == 1
            )
        assert (tmp_path / "out.jsonl").read_text() == "the old one"
        assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
        assert command("events", "export", "--output", str(tmp_path / "out.jsonl")).exit_code == 0
        assert "after_message" in (tmp_path / "out.jsonl").read_text()
        assert stat.S_IMODE((tmp_path / "out.jsonl").stat().st_mode) == 0o600

    def test_a_link_still_leads_to_it(self, command, store, tmp_path):
        """What it leads to is replaced."""
        (tmp_path / "link").symlink_to("target")
        store.journalled(run())
        command("events", "export", "--output", str(tmp_path / "link"))
        assert (tmp_path / "link").is_symlink()
        assert (tmp_path / "target").read_text().count("\n") == 1

    def test_a_pipe_stays_a_pipe(self, command, store, tmp_path):
        """It is written into and not replaced; so is a device."""
        record = store.journalled(run())
        os.mkfifo(tmp_path / "pipe")
        read: list[str] = []
        reader = threading.Thread(
            target=lambda: read.append((tmp_path / "pipe").read_text()), daemon=True
        )
        reader.start()
        done = command("events", "export", "--output", str(tmp_path / "pipe"))
        reader.join(timeout=10)
        assert done.exit_code == 0
        assert json.loads(read[0])["id"] == record.id
        assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)

    def test_one_that_cannot_be_written_is_explained(self, command, store, tmp_path):
        """In one line."""
        done = command("events", "export", "--output", str(tmp_path / "nowhere" / "out.jsonl"))
        assert done.exit_code == 1
        assert "out.jsonl cannot be written: No such file or directory" in done.stderr

    def test_a_folder_is_wrong_use(self, command, store, tmp_path):
        """Nothing is begun."""
        assert command("events", "export", "--output", str(tmp_path)).exit_code == 2


def test_memory_does_not_grow_with_what_is_exported(command, store):
    """Forty megabytes of bodies go through a few of them."""
    write_many(store, 5_000, 8000)
    nothing = ["events", "export", "--trigger", "none"]
    assert grown(command, nothing, ["events", "export", "--output", os.devnull]) < 20 * MEGABYTE


def test_large_bodies_are_not_all_in_memory_at_once(command, store):
    """A page of the largest bodies would be hundreds of megabytes."""
    body = b'{"trigger": "made_up", "data": {"text": "%s"}}' % (b"x" * MEGABYTE)
    for number in range(60):
        store.journalled(body=body, size=len(body), at=START + number, kind=Kind.EVENT)
    nothing = ["events", "export", "--trigger", "none"]
    assert grown(command, nothing, ["events", "export", "--output", os.devnull]) < 40 * MEGABYTE
