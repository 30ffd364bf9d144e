"""What is said of apps that nothing is heard of."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest

from comethooks.doctor.finding import Finding
from comethooks.doctor.silences import check_silences
from comethooks.workers.journal import Journal, StoredSilence
from comethooks.workers.journal.tables.migrate import upgrade
from comethooks.workers.settings.settings import Settings
from tests.comethooks.doctor.findings import OK, WARNING

NOON = 1_800_000_000_000
HOUR_MS = 3600 * 1000
SILENCE = StoredSilence(app_id="app1", last_event_at=NOON, found_at=NOON + 600_000, expected=21)


@pytest.fixture
def journal(database_url: str) -> Iterator[Journal]:
    """A journal that knows two apps."""
    upgrade(database_url)
    with closing(Journal.open(database_url)) as journal:
        journal.silences.note_heard({"app1": NOON, "app2": NOON})
        yield journal


def found(journal: Journal, now: int = NOON + 2 * HOUR_MS, **environ: str) -> list[Finding]:
    """What the check says."""
    return list(check_silences(Settings.load(environ), journal, now))


def test_an_app_that_is_silent_is_told_with_what_to_do(journal: Journal) -> None:
    """Until it is heard again."""
    assert [(each.level, each.detail) for each in found(journal)] == [
        (OK, "of 2 apps that were heard, none is silent")
    ]
    journal.silences.begin(SILENCE)
    [told] = found(journal)
    assert (told.check, told.level) == ("silence", WARNING)
    assert told.detail == (
        "nothing has come of the app app1 since 2027-01-15T08:00:00.000Z, for 2:00:00,"
        " where 21 events were to be expected"
    )
    assert told.advice is not None
    assert "comethooks backfill --app app1 --since 2027-01-15T08:00:00.000Z" in told.advice
    journal.silences.end(SILENCE, resumed_at=NOON + HOUR_MS, expected=60)
    assert [each.level for each in found(journal)] == [OK]


def test_of_one_app_it_speaks_as_of_one(database_url: str) -> None:
    """And of none as of several."""
    upgrade(database_url)
    with closing(Journal.open(database_url)) as journal:
        assert found(journal)[0].detail == "of 0 apps that were heard, none is silent"
        journal.silences.note_heard({"app1": NOON})
        assert found(journal)[0].detail == "of 1 app that was heard, none is silent"


def test_an_app_that_nobody_waits_for_is_not_told(journal: Journal) -> None:
    """One that is not let in any more, and one of which nothing is kept any more."""
    journal.silences.begin(replace(SILENCE, expected=None))
    assert [each.level for each in found(journal)] == [WARNING]
    assert [each.level for each in found(journal, COMETHOOKS_APP_IDS="app2")] == [OK]
    assert [each.level for each in found(journal, now=NOON + 31 * 24 * HOUR_MS)] == [OK]


def test_it_says_when_nobody_looks_and_when_nothing_can_be_found(journal: Journal) -> None:
    """`auto` needs figures."""
    [off] = found(journal, COMETHOOKS_SILENCE_AFTER="off")
    assert (off.level, off.detail) == (
        OK,
        "nobody looks for silent apps: COMETHOOKS_SILENCE_AFTER=off",
    )
    without, _ = found(journal, COMETHOOKS_DISABLED_PLUGINS="analytics")
    assert without.level is WARNING
