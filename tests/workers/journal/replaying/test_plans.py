"""That SQL finds runs by the partial indexes: it does so only if a query has their condition word
for word.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection
from sqlalchemy.event import listen, remove

from comethooks.workers.journal import RETRYABLE, Filter, Journal
from comethooks.workers.states import EventStatus, RunState
from tests.workers.journal.samples import T0, event, run, settled, write_many

Call = Callable[[Journal], Any]

NOT_DONE: dict[str, Call] = {
    "events in a state": lambda journal: list(journal.events(Filter(state=RunState.DEAD))),
    "runs in a state": lambda journal: list(
        journal.runs(Filter(state=RunState.WAITING, handler="a.b"))
    ),
    "dead": lambda journal: list(journal.events(Filter(status=EventStatus.DEAD))),
    "retrying": lambda journal: list(journal.events(Filter(status=EventStatus.RETRYING))),
    "queued": lambda journal: list(journal.events(Filter(status=EventStatus.QUEUED))),
    "count": lambda journal: journal.count_runs(Filter(), RETRYABLE),
    "unfinished": lambda journal: journal.unfinished(),
    "retry": lambda journal: journal.retry_runs(Filter(), T0),
    "dismiss": lambda journal: journal.dismiss_runs(Filter(), T0),
}
DUE: dict[str, Call] = {
    "due": lambda journal: journal.due(T0, 10),
    "next due": lambda journal: journal.next_due(),
    "claim": lambda journal: journal.claim("m", now=T0, until=T0, limit=10),
    "claim alone": lambda journal: journal.claim("m", now=T0, until=T0, limit=10, alone=True),
}
CLAIMED: dict[str, Call] = {
    "renew": lambda journal: journal.renew_claims("m", T0),
    "free": lambda journal: journal.free_claims(
        is_dead=lambda _: True, ending=lambda _: None, now=T0, expired=T0
    ),
}


@pytest.fixture
def journal(journal: Journal) -> Journal:
    """A run in every state among many that are done, with statistics where the database has
    them.
    """
    journal.write(
        [settled(event(1), *(run(state, f"a.{state}", next_at=T0) for state in RunState))]
    )
    write_many(journal, 2000)
    return journal


@pytest.mark.parametrize("call", NOT_DONE.values(), ids=NOT_DONE)
def test_what_is_not_done_is_found_by_its_index(journal: Journal, call: Call):
    """Among millions of runs that are done the few others are a handful of pages."""
    assert "ix_runs_not_done" in first_plan(journal, call)


@pytest.mark.parametrize("call", DUE.values(), ids=DUE)
def test_what_is_due_is_found_by_its_index(journal: Journal, call: Call):
    """Several processes ask several times a second, mostly in vain; the index has the order,
    too.
    """
    plan = first_plan(journal, call)
    assert "ix_runs_due" in plan
    assert "TEMP B-TREE" not in plan
    assert "Sort" not in plan


@pytest.mark.parametrize("call", CLAIMED.values(), ids=CLAIMED)
def test_what_is_claimed_is_found_by_an_index(journal: Journal, call: Call):
    """Either will do: both have little more than what is claimed."""
    assert "ix_runs_" in first_plan(journal, call)


REPLAYED: dict[str, Call] = {
    "states": lambda journal: journal.replays.states("mended"),
    "status": lambda journal: list(journal.events(Filter(status=EventStatus.REPLAYED))),
    "effects": lambda journal: list(journal.replays.effects("mended")),
}


@pytest.mark.parametrize("call", REPLAYED.values(), ids=REPLAYED)
def test_runs_of_a_replay_are_found_by_an_index(journal: Journal, call: Call):
    """However many live ones there are."""
    assert "ix_runs_replayed" in first_plan(journal, call)


def test_lines_are_found_without_looking_at_all_who_stand_there(journal: Journal):
    """A line may have thousands, and is looked at every second: each step is a search, in the index
    of lines.
    """
    waiting = [
        (event(number), run(RunState.WAITING, "led.book", lane=f"app/{number % 2}", place=number))
        for number in range(2, 400)
    ]
    journal.write([settled(record, result) for record, result in waiting])
    plan = first_plan(journal, lambda journal: journal.release_waiting(T0))
    assert "ix_runs_in_line" in plan
    assert not re.search(
        r"SCAN (runs|others)|Hash|GroupAggregate|Seq Scan|Sort|ix_runs_not_done", plan
    )


def first_plan(journal: Journal, call: Call) -> str:
    """How the database goes about the first query of `call`."""
    with recorded(journal) as statements:
        call(journal)
    sql, parameters = statements[0]
    with journal.engine.connect() as connection:
        return explained(connection, sql, parameters)


@contextmanager
def recorded(journal: Journal) -> Iterator[list[tuple[str, Any]]]:
    """The statements that are executed within the block, with their parameters."""
    statements: list[tuple[str, Any]] = []

    def record(_connection: Any, _cursor: Any, sql: str, parameters: Any, *_more: Any) -> None:
        if not sql.startswith("BEGIN"):
            statements.append((sql, parameters))

    listen(journal.engine, "before_cursor_execute", record)
    yield statements
    remove(journal.engine, "before_cursor_execute", record)


def explained(connection: Connection, sql: str, parameters: Any) -> str:
    if connection.dialect.name == "sqlite":
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", parameters)
        return "\n".join(row[-1] for row in rows)
    connection.exec_driver_sql("SET LOCAL enable_seqscan = off")  # small tables are read whole
    rows = connection.exec_driver_sql(f"EXPLAIN {sql}", parameters)
    return "\n".join(row[0] for row in rows)
