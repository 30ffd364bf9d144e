"""What commands show while the partitions are changed."""

import pytest

from comethooks.workers.journal.times import iso
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
