"""Telling Redis figures of the last whole minute."""

from dataclasses import replace
from typing import Any

import pytest

from comethooks.workers.clock import now_ms
from comethooks.workers.journal import KeptBuckets, Settled
from comethooks.workers.record import Record
from comethooks.workers.streams import keys
from comethooks.workers.streams.overview import ToldFigure, overview
from comethooks.workers.supervision import figure_telling
from comethooks.workers.supervision.figure_telling import FigureTelling
from comethooks.workers.supervision.scheduler import Scheduler
from tests.workers.desk import Desk
from tests.workers.journal.samples import event as record

MINUTE = 60_000
NOW = now_ms() // MINUTE * MINUTE + 20_000
LAST = NOW - 50_000
"""In the last whole minute."""


def kept(desk: Desk, *records: Record) -> None:
    """Have these counted."""
    desk.journal.write([Settled(record=each, runs=(), partition=0) for each in records])
    while desk.journal.figures.fold(KeptBuckets({})):
        pass


def sent(number: int, app: str | None = "a", at: int = LAST) -> Record:
    """A message of an app."""
    return record(number, app_id=app, occurred_at=at, received_at=at)


def told(desk: Desk, *names: str, app_ids: tuple[str, ...] = (), now: int = NOW) -> Any:
    """What is told of these metrics."""
    settings = replace(desk.settings, figure_export=names, app_ids=frozenset(app_ids))
    return FigureTelling(settings, desk.redis, desk.journal).at(now)


def test_it_tells_the_last_whole_minute(desk: Desk) -> None:
    """Neither the one before nor the one that is not over."""
    minutes = (LAST, LAST, LAST - MINUTE, LAST + MINUTE)
    kept(desk, *(sent(number, at=at) for number, at in enumerate(minutes)))
    assert told(desk, "messages.sent") == [ToldFigure("messages.sent", "a", "", 2)]


def test_an_app_of_which_nothing_came_has_none(desk: Desk) -> None:
    """0 and no gap: those of the settings, and those that were seen since it began."""
    kept(desk, sent(1, "b"))
    settings = replace(desk.settings, figure_export=("events",), app_ids=frozenset("a"))
    telling = FigureTelling(settings, desk.redis, desk.journal)
    for now, value in ((NOW, 1), (NOW + MINUTE, 0)):
        assert set(telling.at(now)) == {
            ToldFigure("events", "a", "", 0),
            ToldFigure("events", "b", "", value),
        }


def test_events_without_an_app_are_of_none(desk: Desk) -> None:
    kept(desk, sent(1, None))
    assert told(desk, "events") == [ToldFigure("events", "none", "", 1)]


def test_apps_that_somebody_makes_up_are_bounded(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of the settings have their own label in any case; the rest is added up."""
    monkeypatch.setattr(figure_telling, "MOST_APPS", 3)
    kept(desk, *(sent(number, f"app{number}") for number in range(9)))
    found = told(desk, "events", app_ids=("app8",))
    assert {figure.app: figure.value for figure in found} == {
        "app8": 1,
        "app0": 1,
        "app1": 1,
        "other": 6,
    }


def test_the_leading_scheduler_tells_those_of_the_settings(desk: Desk) -> None:
    """For a minute, so that a scheduler that has gone tells no old ones."""
    at = now_ms() - MINUTE
    kept(desk, *(sent(number, at=at + number * MINUTE) for number in range(2)))
    Scheduler(desk.settings, desk.redis, desk.journal).tick()
    found = overview(desk.redis, 1).figures
    assert {figure.metric for figure in found} == {
        name for name in desk.settings.figure_export if not name.startswith("latency.")
    }
    assert 0 < desk.redis.ttl(keys.FIGURES) <= 60  # type: ignore[operator]


def test_nothing_is_told_where_nothing_is_counted(desk: Desk) -> None:
    """Zeros would be wrong."""
    settings = replace(desk.settings, disabled_plugins=frozenset(("analytics",)))
    FigureTelling(settings, desk.redis, desk.journal).tell()
    assert not desk.redis.exists(keys.FIGURES)
