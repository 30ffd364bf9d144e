"""What came in other weeks, of events that were kept and counted as they came in."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from comethooks.workers.analytics.sizes import HOUR_MS, Size
from comethooks.workers.journal import Journal, Settled
from comethooks.workers.journal.figures.adding_up import KeptBuckets
from comethooks.workers.settings.settings import Settings
from comethooks.workers.silence.expecting import WEEK_MS
from comethooks.workers.silence.usual import LONGEST_WEEKS, Usual
from tests.tables import make_tables
from tests.workers.engine import record

NOON = 1_800_000_000_000 - 1_800_000_000_000 % HOUR_MS
OURS = {"source": "comethooks", "trigger": "app_silent"}
PRESS = {"trigger": "ui_message_interacted"}


SETTINGS = Settings.load({})


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """A journal with nothing in it."""
    url = f"sqlite:///{tmp_path}/journal.db"
    make_tables(url)
    with closing(Journal.open(url)) as journal:
        yield journal


def came(journal: Journal, at: int, count: int, **changes: Any) -> None:
    """Keep so many events of a moment, and add up what they count for."""
    records = [
        record(received_at=at, number=number, body=b"{}", **changes) for number in range(count)
    ]
    journal.write([Settled(record=each, runs=(), partition=0) for each in records])
    while journal.figures.fold(KeptBuckets({})):
        pass


def test_it_is_the_mean_of_what_cometchat_sent_in_the_same_hour(journal: Journal) -> None:
    """What is made here and what clients send does not count, nor do other apps and hours."""
    for weeks, count in ((1, 30), (2, 40), (3, 50)):
        at = NOON - weeks * WEEK_MS
        came(journal, at, count)
        came(journal, at, 7, **OURS)
        came(journal, at, 7, **PRESS)
        came(journal, at, 7, app_id="app2")
        came(journal, at + HOUR_MS, 2)
    usual = Usual(journal.figures, SETTINGS)
    assert usual.expected("app1", NOON, NOON + HOUR_MS // 2) == 20
    assert usual.expected("app1", NOON, NOON + 2 * HOUR_MS) == 42
    assert usual.expected("app2", NOON, NOON + HOUR_MS) == 7
    assert usual.expected("app3", NOON, NOON + HOUR_MS) is None


def test_of_a_silence_that_is_older_than_hours_are_kept_it_says_nothing(journal: Journal) -> None:
    """Nobody would believe it."""
    came(journal, NOON - WEEK_MS, 1)
    usual = Usual(journal.figures, replace(SETTINGS, figure_hour_days=100))
    longest = LONGEST_WEEKS * WEEK_MS
    assert usual.expected("app1", NOON, NOON + longest) is not None
    assert usual.expected("app1", NOON, NOON + longest + 1) is None
    assert journal.figures.read("events", size=Size.HOUR, since=0, until=NOON)


def test_weeks_of_which_hours_are_not_kept_are_not_known(journal: Journal) -> None:
    """Their days say that something came; to take their hours for quiet would hide silences."""
    for weeks in (1, 2, 3, 4):
        came(journal, NOON - weeks * WEEK_MS, 4)
    kept = KeptBuckets.at(NOON, minute_days=7, hour_days=10)
    journal.figures.forget_older(kept, NOON)
    usual = Usual(journal.figures, replace(SETTINGS, figure_hour_days=10))
    assert usual.expected("app1", NOON, NOON + HOUR_MS) == 4
    short = Usual(journal.figures, replace(SETTINGS, figure_hour_days=5))
    assert short.expected("app1", NOON, NOON + HOUR_MS) is None


def test_what_is_only_counted_by_now_is_not_expected(journal: Journal) -> None:
    """Nothing is heard of it, so it would be missed until those weeks are over."""
    for weeks in (1, 2, 3):
        came(journal, NOON - weeks * WEEK_MS, 10)
        came(journal, NOON - weeks * WEEK_MS, 90, trigger="message_read_receipt")
    usual = Usual(journal.figures, SETTINGS)
    assert usual.expected("app1", NOON, NOON + HOUR_MS) == 100
    counting = replace(SETTINGS, count_only=frozenset(("message_read_receipt",)))
    assert Usual(journal.figures, counting).expected("app1", NOON, NOON + HOUR_MS) == 10
