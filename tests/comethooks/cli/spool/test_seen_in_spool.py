"""What waits in the spool of this host is seen, whether Redis is there or not."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from comethooks.workers.record import Record
from comethooks.workers.settings.settings import Settings
from comethooks.workers.spool.glance import existing_spool
from comethooks.workers.spool.places import folder_of, user_of
from comethooks.workers.spool.spool import Spool
from comethooks.workers.spool.spooled import Spooled
from tests.comethooks.cli.conftest import Command
from tests.comethooks.cli.store import TOKEN, Store

Keep = Callable[[Record], Record]


@pytest.fixture
def keep(command: Command) -> Iterator[Keep]:
    """Puts a record into the spool, as a web process does that stays there."""
    settings = Settings.load(command.environ)
    spool = Spool.open(folder_of(settings), max_bytes=10**6, user=user_of(settings))

    def into(record: Record) -> Record:
        spool.append([Spooled(record, b"k" * 16, has_time=True)])
        return record

    yield into
    spool.close()


def away(tmp_path: Path) -> dict[str, str]:
    """The settings of a host whose Redis is not there."""
    return {"REDIS_URL": f"unix://{tmp_path}/nothing.sock"}


def test_events_are_listed_and_shown_from_the_spool(
    command: Command, store: Store, keep: Keep
) -> None:
    """Queued, beside those of Redis, and `show` says where it waits."""
    first, spooled = store.accept(), keep(store.record())
    listed = command.json("events", "list")
    assert [(each["id"], each["status"]) for each in listed] == [
        (spooled.id, "queued"),
        (first.id, "queued"),
    ]
    [shown] = command.json("events", "show", spooled.id)
    assert (shown["spooled"], shown["partition"]) == (True, None)
    assert command.json("events", "show", first.id)[0]["spooled"] is False
    printed = command("events", "show", spooled.id).stdout
    assert "it waits in the spool of this host, until Redis takes it" in " ".join(printed.split())
    assert TOKEN not in printed
    told = command("explain", spooled.id).stdout
    assert "waits in the spool of this host" in " ".join(told.split())


def test_requests_are_listed_and_shown_from_the_spool(
    command: Command, store: Store, keep: Keep
) -> None:
    """Refused ones, too, with the reason."""
    refused = keep(store.refused())
    [listed] = command.json("requests", "list", "--outcome", "refused")
    assert listed["id"] == refused.id
    [shown] = command.json("requests", "show", refused.id)
    assert (shown["spooled"], shown["reason"]) == (True, refused.reason)
    printed = command("explain", refused.id).stdout
    assert "waits in the spool of this host" in " ".join(printed.split())


def test_while_redis_is_away_spool_and_journal_are_shown(
    command: Command, store: Store, keep: Keep, tmp_path: Path
) -> None:
    """A line on standard error says that Redis is away."""
    journalled, spooled = store.journalled(), keep(store.record())
    for arguments in (("events", "list"), ("requests", "list")):
        done = command(*arguments, "--json", **away(tmp_path))
        assert done.exit_code == 0
        assert [each in done.stdout for each in (journalled.id, spooled.id)] == [True, True]
        assert done.stderr.startswith("Warning: Redis at ")
        assert len(done.stderr.splitlines()) == 1
    for arguments in (
        ("events", "show", spooled.id),
        ("explain", spooled.id),
        ("requests", "show", spooled.id),
        ("events", "show", journalled.id),
        ("explain", journalled.id),
    ):
        done = command(*arguments, **away(tmp_path))
        assert done.exit_code == 0, done.output
        assert "Redis at " in done.stderr


def test_what_has_moved_on_is_seen_once(command: Command, store: Store, keep: Keep) -> None:
    """In Redis, or in the journal, where it came to."""
    record = keep(store.record())
    store.streams.accept(record, duplicate_key=b"k" * 16, has_time=True)
    assert [each["id"] for each in command.json("events", "list")] == [record.id]
    assert command.json("events", "show", record.id)[0]["spooled"] is False
    assert len(command.json("requests", "list", "--limit", "5")) == 1


def test_what_is_spooled_is_exported(command: Command, store: Store, keep: Keep) -> None:
    """In its place among the others, with its body."""
    spooled, later = keep(store.record()), store.accept()
    lines = command("events", "export").stdout.splitlines()
    assert [spooled.id in lines[0], later.id in lines[1]] == [True, True]


def test_a_folder_that_was_never_a_spool_is_left_alone(
    command: Command, store: Store, tmp_path: Path
) -> None:
    """Looking makes nothing."""
    settings = Settings.load(command.environ)
    assert existing_spool(settings) is None
    assert command("events", "list").exit_code == 0
    assert command("spool", "status").exit_code == 0
    assert not folder_of(settings).exists()


def test_a_spool_that_others_use_is_left_out_with_a_warning(
    command: Command, store: Store, tmp_path: Path
) -> None:
    """What is in it is of another deployment."""
    theirs = Spool.open(tmp_path / "theirs", max_bytes=10**6, user="another")
    theirs.append([Spooled(store.record())])
    done = command("events", "list", COMETHOOKS_SPOOL_DIR=str(tmp_path / "theirs"))
    theirs.close()
    assert done.exit_code == 0
    assert "in use by another data directory" in done.stderr
    assert done.stdout.strip() == ""
