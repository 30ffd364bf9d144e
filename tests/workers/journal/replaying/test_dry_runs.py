"""What fails in a dry run is no dead letter: nobody has to decide about it, and it holds up
nothing.
"""

import pytest

from comethooks.workers.journal import Filter, Journal
from comethooks.workers.journal.replaying.replay_request import ReplayRequest
from comethooks.workers.journal.replaying.replay_rows import Replays
from comethooks.workers.states import EventStatus, RunState
from tests.workers.journal.samples import T0, an_id, event, run, settled

DEAD, WAITING, RETRYING = RunState.DEAD, RunState.WAITING, RunState.RETRYING
LATER = T0 + 100_000


@pytest.fixture(autouse=True)
def failures(journal: Journal) -> None:
    """Events whose run failed: 1 in the dry run `dry`, 2 in the replay `wet`, 3 live. The run of 4
    waits for that of 1.
    """
    replays = Replays(journal.engine)
    request = ReplayRequest(asked=Filter(until=T0), handlers=frozenset(["welcome.greet"]))
    for name in ("dry", "wet"):
        assert replays.create(name, request, now=T0, expected=0, dry_run=name == "dry")
        assert replays.stop(name, T0)
    for number, name in enumerate(("dry", "wet", None), 1):
        failed = run(DEAD, replay=name, error="OSError: away", traceback="…")
        journal.write([settled(event(number), failed)])
    journal.write([settled(event(4), run(WAITING, replay="dry"))])


def found(journal: Journal, **asked) -> list[str | None]:
    return sorted(str(each.replay) for each in journal.runs(Filter(**asked)))


def test_they_are_listed_when_their_replay_is_asked_for(journal: Journal):
    """Whatever else is asked for; listings of events go by the same runs."""
    assert found(journal) == found(journal, state=DEAD) == ["None", "wet"]
    assert found(journal, replay="dry") == ["dry", "dry"]
    assert found(journal, state=DEAD, replay="dry") == ["dry"]
    assert [each.id for each in journal.events(Filter(state=DEAD))] == [an_id(3), an_id(2)]
    assert len(list(journal.failed_runs())) == 2
    assert len(list(journal.failed_runs(Filter(replay="dry")))) == 1


def test_they_are_counted_nowhere_as_unfinished(journal: Journal):
    """Nor what waits for them; one that is tried again is."""
    assert journal.unfinished() == {DEAD: 2}
    assert journal.count_runs(Filter(), [DEAD]) == 2
    journal.write([settled(event(5), run(RETRYING, replay="dry", next_at=LATER))])
    assert journal.unfinished() == {DEAD: 2, RETRYING: 1}


def test_whoever_retries_or_dismisses_all_leaves_them_alone(journal: Journal):
    """Unless the replay is named."""
    assert journal.retry_runs(Filter(state=DEAD), LATER) == 2
    assert journal.dismiss_runs(Filter(), LATER) == 2
    assert journal.dismiss_runs(Filter(replay="dry", state=DEAD), LATER) == 1


def test_they_keep_no_event_from_retention(journal: Journal):
    """Nor their details: of an event that only a dry run failed on, nothing is wanted any more."""
    assert journal.drop_run_details(LATER, 10).count == 1
    assert journal.drop_payloads(LATER, 10).count == 2
    assert journal.delete_older(LATER, 10).count == 2
    assert {each.id for each in journal.events()} == {an_id(2), an_id(3)}


def test_one_that_is_tried_again_keeps_its_event(journal: Journal):
    """It needs the body."""
    journal.write([settled(event(5), run(RETRYING, replay="dry", next_at=LATER))])
    assert journal.delete_older(LATER, 10).count == 2
    assert an_id(5) in {each.id for each in journal.events(Filter(status=EventStatus.UNHANDLED))}
