"""Forgetting a replay: what goes with it and what stays."""

import pytest
from sqlalchemy import func, select

from comethooks.workers.journal import Filter, Journal
from comethooks.workers.journal.replaying.forgetting import forget
from comethooks.workers.journal.replaying.replay_request import ReplayRequest
from comethooks.workers.journal.replaying.replay_rows import Replays
from comethooks.workers.journal.settled import Attempt
from comethooks.workers.journal.tables.models import attempts, replay_events
from comethooks.workers.states import RunState
from tests.workers.journal.samples import T0, an_id, event, run, settled

REQUEST = ReplayRequest(asked=Filter(), handlers=frozenset(["a.b"]))
OF_FILE = ReplayRequest(asked=Filter(), handlers=frozenset(["a.b"]), from_file=True)


@pytest.fixture
def replays(journal: Journal) -> Replays:
    """Two replays that have been stopped, `kept` and `mended`, each with runs on two events."""
    found = Replays(journal.engine)
    earlier = (Attempt(1, T0, T0 + 1, "OSError: away"),)
    for name in ("kept", "mended"):
        assert found.create(name, REQUEST, now=T0, expected=2)
        assert found.stop(name, T0)
        journal.write(
            [
                settled(event(1), run(), run(replay=name, attempts=2, earlier=earlier)),
                settled(event(2), run(RunState.DEAD, replay=name, error="OSError: away")),
            ]
        )
    return found


def number_of(journal: Journal, table) -> int:
    with journal.engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0


def test_its_runs_go_with_it_and_nothing_else_does(journal: Journal, replays: Replays):
    """The events stay, and so do live runs and those of other replays."""
    before = number_of(journal, attempts)
    assert forget(journal.engine, "mended") == 2
    assert [each.name for each in replays.all()] == ["kept"]
    assert {run.replay for run in journal.runs()} == {None, "kept"}
    assert {each.id for each in journal.events()} == {an_id(1), an_id(2)}
    assert number_of(journal, attempts) == before // 2
    assert forget(journal.engine, "mended") is None


def test_of_many_runs_all_go(journal: Journal, replays: Replays):
    """In steps, none of which is seen."""
    many = [settled(event(number), run(replay="mended")) for number in range(10, 1210)]
    journal.write(many)
    assert forget(journal.engine, "mended") == 1202
    assert journal.count_runs(Filter(replay="mended")) == 0


def test_one_that_runs_or_is_worked_on_stays(journal: Journal, replays: Replays):
    """Whoever works on a chunk still records it."""
    assert replays.resume("mended", T0)
    assert forget(journal.engine, "mended") is None
    assert replays.claim("mended", "m", now=T0, until=T0 + 1) is not None
    assert replays.stop("mended", T0)
    assert forget(journal.engine, "mended") is None
    assert journal.count_runs(Filter(replay="mended")) == 2


def test_one_whose_file_was_not_read_to_its_end_frees_its_name(journal: Journal, replays: Replays):
    """With what was staged of it."""
    for _ in range(2):
        assert replays.create("file", OF_FILE, now=T0, expected=1)
        replays.stage("file", [an_id(1)])
        assert forget(journal.engine, "file") == 0
        assert (replays.get("file"), number_of(journal, replay_events)) == (None, 0)


def test_what_is_staged_of_a_forgotten_one_is_no_part_of_the_next(
    journal: Journal, replays: Replays
):
    """Whoever reads its file may be told late that somebody gave it up."""
    assert replays.create("file", OF_FILE, now=T0, expected=1)
    assert forget(journal.engine, "file") == 0
    replays.stage("file", [an_id(1)])
    assert replays.create("file", OF_FILE, now=T0, expected=1)
    assert number_of(journal, replay_events) == 0
