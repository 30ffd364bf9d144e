"""What commands show while the partitions are changed."""

import os
import subprocess
import sys
from contextlib import closing

import pytest

from comethooks.workers.journal.times import iso
from comethooks.workers.settings.settings import Settings
from comethooks.workers.streams import keys
from comethooks.workers.streams.accept import Streams
from comethooks.workers.streams.layout import DEFAULT_COUNT
from tests.comethooks.cli.store import START


@pytest.fixture
def old_and_new(command, store):
    """The ids of an event in the partitions that are emptied, and of one in the new ones."""
    old = store.accept()
    assert command("partitions", "set", "8", "--no-wait").exit_code == 0
    return old.id, store.accept().id


@pytest.mark.parametrize(
    "listing",
    [
        ("events", "list"),
        ("requests", "list"),
        ("events", "tail", "--since", iso(START), "--until", iso(START + 60_000)),
    ],
)
def test_events_in_old_and_in_new_partitions_are_listed(command, old_and_new, listing):
    assert {each["id"] for each in command.json(*listing)} == set(old_and_new)


@pytest.mark.parametrize("asked", [("events", "show"), ("requests", "show"), ("explain",)])
def test_events_in_old_and_in_new_partitions_are_shown(command, old_and_new, asked):
    assert [command.json(*asked, each)[0]["id"] for each in old_and_new] == list(old_and_new)


def test_events_in_old_and_in_new_partitions_are_exported(command, old_and_new):
    exported = command("events", "export").stdout
    assert all(each in exported for each in old_and_new)


def test_a_redis_that_takes_no_writes_any_more_ends_the_wait_with_a_sentence(
    command, store, own_redis_server
):
    environ = {**command.environ, "REDIS_URL": own_redis_server.url}
    with closing(Streams.open(Settings.load(environ))) as streams:
        streams.accept(store.record(), duplicate_key=b"", has_time=True)
    waiting = subprocess.Popen(
        [sys.executable, "-m", "comethooks.cli", "partitions", "set", "8"],
        env={**os.environ, **environ},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert waiting.stderr.readline() == "Requests go into 8 new partitions now.\n"
    with own_redis_server.client() as client, client.pipeline() as transaction:
        transaction.delete(*map(keys.stream, range(DEFAULT_COUNT)))
        transaction.config_set("min-replicas-to-write", 1)
        transaction.execute()
    said = waiting.communicate(timeout=60)[1]
    assert waiting.returncode == 1
    assert said.splitlines()[-1].startswith("Error: Redis at "), said
    assert "Traceback" not in said
