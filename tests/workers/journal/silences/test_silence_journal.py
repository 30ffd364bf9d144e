"""What is kept of apps that were heard and of their silences, on both databases."""

from dataclasses import replace

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import insert, select

from comethooks.schemas import OURS
from comethooks.workers.clock import now_ms
from comethooks.workers.journal import Journal, Settled, StoredSilence
from comethooks.workers.journal.silences.old_apps import TASK
from comethooks.workers.journal.tables import revisions
from comethooks.workers.journal.tables.database import for_writing
from comethooks.workers.journal.tables.message_table import old_rows
from comethooks.workers.journal.tables.models import events
from comethooks.workers.journal.tables.rows import event_row
from comethooks.workers.record import Record
from tests.workers.engine import record

NOON = 1_800_000_000_000
FOUND = StoredSilence(app_id="a", last_event_at=NOON, found_at=NOON + 130_000, expected=21)


def write(journal: Journal, *records: Record, partition: int | None = 0) -> None:
    """Keep events."""
    journal.write([Settled(record=each, runs=(), partition=partition) for each in records])


def upgraded(journal: Journal) -> None:
    """Have it be as after an upgrade of a journal with events."""
    with journal.engine.begin() as connection:
        connection.execute(insert(old_rows).values(task=TASK, until=NOON + 10_000))


def test_an_app_was_heard_when_it_was_heard_last(journal: Journal) -> None:
    """Two leaders may tell it in any order."""
    journal.silences.note_heard({"a": NOON, "b": NOON + 1})
    journal.silences.note_heard({"a": NOON + 5, "b": NOON})
    journal.silences.note_heard({})
    assert journal.silences.heard() == {"a": NOON + 5, "b": NOON + 1}


def test_a_silence_begins_once_whoever_finds_it(journal: Journal) -> None:
    """What the first leader found counts."""
    journal.silences.begin(FOUND)
    journal.silences.begin(replace(FOUND, found_at=NOON + 200_000, expected=40))
    assert journal.silences.unsettled() == [FOUND]
    assert journal.silences.lasting() == [FOUND]
    assert FOUND.lasts


def test_a_silence_ends_once(journal: Journal) -> None:
    """And is to be told of until both its events are accepted."""
    silences = journal.silences
    silences.begin(FOUND)
    silences.end(FOUND, resumed_at=NOON + 600_000, expected=99)
    silences.end(FOUND, resumed_at=NOON + 700_000, expected=120)
    over = replace(FOUND, resumed_at=NOON + 600_000, resumed_expected=99)
    assert (silences.unsettled(), silences.lasting()) == ([over], [])
    silences.told(FOUND)
    assert silences.unsettled() == [replace(over, told=True)]
    silences.told_resumed(FOUND)
    assert silences.unsettled() == []


def test_the_next_silence_of_an_app_is_another_one(journal: Journal) -> None:
    """It is told apart by the last event before it."""
    journal.silences.begin(FOUND)
    journal.silences.end(FOUND, resumed_at=NOON + 600_000, expected=None)
    later = replace(FOUND, last_event_at=NOON + 700_000, found_at=NOON + 900_000)
    journal.silences.begin(later)
    assert journal.silences.lasting() == [later]


def test_silences_that_are_over_are_deleted_when_they_are_old(journal: Journal) -> None:
    """One that lasts stays, and so does one that is not told yet."""
    for app in ("a", "b", "c"):
        journal.silences.begin(replace(FOUND, app_id=app))
    for app in ("a", "b"):
        journal.silences.end(replace(FOUND, app_id=app), resumed_at=NOON + 600_000, expected=None)
    journal.silences.told(FOUND)
    journal.silences.told_resumed(FOUND)
    assert journal.silences.delete_older(NOON + 600_000, 10).count == 0
    assert journal.silences.delete_older(NOON + 600_001, 10).count == 1
    assert [each.app_id for each in journal.silences.unsettled()] == ["b", "c"]


def test_apps_of_before_an_upgrade_are_found_among_their_events(journal: Journal) -> None:
    """Some events at a time; then there are none left to look at."""
    write(journal, *(record(app_id=f"app{n % 2}", number=n) for n in range(5)))
    upgraded(journal)
    looked = []
    while count := journal.silences.fill_heard(limit=2):
        looked.append(count)
    assert looked == [2, 2, 1]
    assert journal.silences.heard() == {"app0": NOON + 4, "app1": NOON + 3}


@pytest.mark.parametrize(
    ("changes", "partition"),
    [
        ({}, None),
        ({"source": OURS}, 0),
        ({"app_id": None}, 0),
        ({"trigger": "ui_message_interacted"}, 0),
        ({"number": 20_000}, 0),
    ],
)
def test_what_was_imported_or_made_here_is_no_sign_of_an_app(
    journal: Journal, changes: dict[str, object], partition: int | None
) -> None:
    """Nor what came after the upgrade: Redis knows that."""
    write(journal, record(**changes), partition=partition)  # type: ignore[arg-type]
    upgraded(journal)
    while journal.silences.fill_heard(limit=10):
        pass
    assert journal.silences.heard() == {}


@pytest.mark.parametrize("count", [0, 3])
def test_an_upgrade_leaves_the_apps_of_older_events_to_be_found(url: str, count: int) -> None:
    """Where there are events, and only there; then there is nothing left to do."""
    journal = Journal.open(url, make=True)
    config = Config()
    config.set_main_option("script_location", str(revisions.SCRIPTS))
    with for_writing(journal.engine).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0007")
        now = now_ms()
        for number in range(count):
            older = record(app_id=f"app{number}", received_at=now - 1000 + number)
            connection.execute(insert(events).values(**event_row(older, 0)))
    Journal.upgrade(url)
    while journal.silences.fill_heard(limit=2):
        pass
    heard = {f"app{number}": now - 1000 + number for number in range(count)}
    assert journal.silences.heard() == heard
    with journal.engine.connect() as connection:
        assert connection.execute(select(old_rows).where(old_rows.c.task == TASK)).first() is None
    journal.close()
