"""`comethooks forget` may be killed at any moment: given again, it comes to the same."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from comethooks.workers.journal import Journal
from comethooks.workers.journal.forgetting.forgetting_journal import ForgettingJournal
from comethooks.workers.journal.tables.models import events, runs
from comethooks.workers.settings.settings import Settings
from comethooks.workers.states import RunState
from tests.comethooks.cli.conftest import Command
from tests.servers import postgres_schema
from tests.tables import make_tables
from tests.waiting import wait_for
from tests.workers.journal.forgetting.people import APP, OMAR, ZOE, record, sent, settled
from tests.workers.journal.samples import run

OUTPUTS = (
    *(("events", "list"), ("events", "export"), ("requests", "list"), ("runs", "list"), ("drift",)),
    *(("analytics", "show"), ("interactions", "list"), ("moderation", "cases")),
)


SEVERAL = 600
WHAT_IS_SAID = (
    (events.c.id, events.c.sender, events.c.conversation_id, events.c.headers, events.c.body),
    (runs.c.event_id, runs.c.error, runs.c.traceback, runs.c.effects, runs.c.lane),
)


@pytest.fixture
def somewhere(request: pytest.FixtureRequest, command: Command) -> Iterator[Command]:
    """The command with a journal in SQLite, or in PostgreSQL."""
    if request.param == "sqlite":
        yield command
    else:
        with postgres_schema(request.getfixturevalue("postgres_server")) as url:
            yield Command({**command.environ, "DATABASE_URL": url})


@pytest.mark.parametrize(
    ("somewhere", "kills"),
    [
        ("sqlite", 1),
        pytest.param("sqlite", 12, marks=pytest.mark.attack),
        pytest.param("postgresql", 12, marks=pytest.mark.attack),
    ],
    indirect=["somewhere"],
)
def test_killed_it_is_given_again(somewhere: Command, tmp_path: Path, kills: int) -> None:
    """It goes on with the same name, comes to what it would have come to, and nothing is left of
    the user. It is killed when so many of the events have been changed, or after all of them.
    """
    url = Settings.load(somewhere.environ).database_url
    make_tables(url)
    with closing(Journal.open(url)) as journal:
        journal.write([*_several()])
        known = None
        for kill in range(kills):
            process = _begin(somewhere)
            known = _put_up_after(journal, known)
            # The last third of several kills comes after all events.
            least = max(0, SEVERAL // 2 * (2 * kills - 3 * kill) // (2 * kills + 2))
            wait_for(
                lambda process=process, least=least: (
                    process.poll() is not None or _left(journal) <= least
                ),
                "it has come so far",
            )
            if not least:
                time.sleep(random.random())  # in whatever comes after the events
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        done = somewhere("forget", OMAR, "--app", APP, "--yes")
        assert done.exit_code == 0, done.output
        checked = somewhere("forget", OMAR, "--app", APP, "--check")
        assert checked.exit_code == 0, checked.output
        stone = journal.forgetting.tombstone(APP, OMAR)
        assert stone is not None
        assert _said(journal) == _said_without_kills(tmp_path / "other.db", stone.alias)
    (tmp_path / "other.db").unlink()
    for listing in OUTPUTS:
        assert OMAR not in somewhere(*listing).output, listing
    held = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [path.name for path in held if OMAR.encode() in path.read_bytes()] == []


def _several() -> Iterator[Any]:
    for number in range(1, SEVERAL + 1):
        pair = (OMAR, ZOE) if number % 2 else (ZOE, OMAR)
        failed = run(RunState.DEAD, error=f"KeyError: {OMAR}", traceback=f"… {OMAR}")
        yield settled(record(number, sent(number, *pair, f"text {number}")), failed)


def _put_up_after(journal: Journal, known: str | None) -> str:
    """The key of the tombstone, which each command puts up anew, once it has begun."""
    found: list[str] = []

    def is_new() -> bool:
        stone = journal.forgetting.tombstone(APP, OMAR)
        if stone is not None and stone.key != known:
            found.append(stone.key)
        return bool(found)

    wait_for(is_new, "it has begun")
    return found[0]


def _left(journal: Journal) -> int:
    query = select(func.count()).select_from(events).where(events.c.sender == OMAR)
    with journal.engine.connect() as connection:
        return connection.scalar(query) or 0


def _said(journal: Journal) -> list[list[Any]]:
    with journal.engine.connect() as connection:
        return [
            [tuple(row) for row in connection.execute(select(*columns).order_by(columns[0]))]
            for columns in WHAT_IS_SAID
        ]


def _said_without_kills(file: Path, alias: str) -> list[list[Any]]:
    url = f"sqlite:///{file}"
    make_tables(url)
    with closing(Journal.open(url, durable=False)) as journal:
        journal.write([*_several()])
        ForgettingJournal(journal.engine, pause=lambda seconds: None).forget(APP, OMAR, alias)
        return _said(journal)


def _begin(command: Command) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "comethooks.cli", "forget", OMAR, "--app", APP, "--yes"],
        env={**os.environ, **command.environ},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
