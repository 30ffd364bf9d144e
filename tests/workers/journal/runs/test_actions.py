from collections.abc import Callable

import pytest

from comethooks.workers.journal import DISMISSABLE, RETRYABLE, START, Filter, Journal
from comethooks.workers.journal.runs import actions
from comethooks.workers.states import EventStatus, RunState
from tests.workers.journal.samples import T0, an_id, event, run, settled

NOW = T0 + 60_000
Decision = Callable[[Journal, Filter], int]


def retry(journal: Journal, asked: Filter) -> int:
    return journal.retry_runs(asked, NOW)


def dismiss(journal: Journal, asked: Filter) -> int:
    return journal.dismiss_runs(asked, NOW)


def states(journal: Journal, asked: Filter) -> dict[str, str]:
    return {found.handler: found.state.value for found in journal.runs(asked)}


@pytest.fixture
def journal(journal: Journal) -> Journal:
    """A run in every state, each of the handler that is named for it."""
    journal.write(
        [settled(event(1), *(run(state, f"a.{state}", next_at=T0 + 1) for state in RunState))]
    )
    return journal


class TestRetry:
    def test_makes_due_what_can_be_tried_again(self, journal: Journal):
        """Dead, dismissed and retrying ones; what runs, waits or is done is left alone."""
        assert retry(journal, Filter()) == 3
        expected = {f"a.{state}": state.value for state in RunState}
        assert states(journal, Filter()) == expected | {
            f"a.{state}": "retrying" for state in RETRYABLE
        }
        assert {run.next_at for run in journal.runs(Filter(state=RunState.RETRYING))} == {NOW}
        assert len(journal.claim("member", now=NOW, until=NOW + 1, limit=10)) == 3

    def test_counts_on_and_forgets_deaths(self, journal: Journal):
        """The operator's try is one attempt more, and runs beside others."""
        dismiss(journal, Filter(handler="a.retrying"))
        asked = Filter(handler="a.dead")
        for _ in range(2):
            retry(journal, asked)
            for alone in (False, True):
                journal.claim("member", now=NOW, until=NOW, limit=10, alone=alone)
                journal.free_claims(
                    is_dead=lambda _: True, ending=lambda _: None, now=NOW, expired=None
                )
        assert [found.attempts for found in journal.runs(asked)] == [5]
        retry(journal, asked)
        (claimed,) = journal.claim("member", now=NOW, until=NOW, limit=10)
        assert (claimed.attempt, claimed.alone) == (6, False)

    def test_leaves_alone_what_has_no_body_any_more(self, journal: Journal):
        """A handler cannot be given what retention dropped."""
        journal.write([settled(event(2), run(RunState.DISMISSED))])
        journal.write([settled(event(3, body=b"", size=0), run(RunState.DISMISSED))])
        journal.drop_payloads(NOW, 10, START)
        assert retry(journal, Filter(event_id=an_id(2))) == 0
        assert retry(journal, Filter(event_id=an_id(3))) == 1


class TestDismiss:
    def test_ends_what_could_still_run(self, journal: Journal):
        """Dead, retrying and waiting ones; what runs, or is done, is left alone."""
        assert dismiss(journal, Filter()) == 3
        expected = {f"a.{state}": state.value for state in RunState}
        assert states(journal, Filter()) == expected | {
            f"a.{state}": "dismissed" for state in DISMISSABLE
        }
        ended = [found for found in journal.runs() if found.handler == "a.dead"]
        assert [(found.finished_at, found.next_at) for found in ended] == [(NOW, None)]
        assert journal.next_due() is None


@pytest.mark.parametrize("decide", [retry, dismiss])
class TestBoth:
    def test_heed_what_was_asked(self, journal: Journal, decide: Decision):
        """By handler, by state, by the event's own fields and by its id, as listings do."""
        others = {"conversation_id": "user:bo", "trigger": "user_blocked"}
        journal.write(
            [settled(event(2, **others), run(RunState.DEAD, "c.d"), run(RunState.DEAD, "e.f"))]
        )
        assert decide(journal, Filter(handler="c.d", since=T0 + 3000)) == 0
        assert decide(journal, Filter(state=RunState.DONE)) == 0
        assert decide(journal, Filter(event_id=an_id(2), handler="c.d")) == 1
        assert decide(journal, Filter(trigger="user_blocked", state=RunState.DEAD)) == 1
        assert states(journal, Filter(state=RunState.DEAD)) == {"a.dead": "dead"}
        assert decide(journal, Filter(until=T0 + 2000, state=RunState.DEAD)) == 1

    def test_mean_all_runs_of_the_events_with_a_status(
        self, journal: Journal, decide: Decision, monkeypatch: pytest.MonkeyPatch
    ):
        """Though the status changes with the first of them, in steps of one event too."""
        monkeypatch.setattr(actions, "_EVENTS", 1)
        for number in (2, 3):
            two = [run(RunState.DEAD, "c.d"), run(RunState.RETRYING, "e.f", next_at=T0)]
            journal.write([settled(event(number), *two)])
        assert decide(journal, Filter(status=EventStatus.DEAD, since=T0 + 2000)) == 4

    def test_treat_replays_like_live_runs(self, journal: Journal, decide: Decision):
        """A run of a replay is found by its handler, too."""
        journal.write(
            [settled(event(2), run(RunState.DEAD, "c.d"), run(RunState.DEAD, "c.d", replay="july"))]
        )
        assert decide(journal, Filter(handler="c.d")) == 2

    def test_never_touch_what_is_claimed(self, journal: Journal, decide: Decision):
        """Whoever runs it will say how it ended."""
        journal.claim("member", now=NOW, until=NOW, limit=10)
        assert decide(journal, Filter(handler="a.retrying")) == 0
        assert journal.finish("member", [(an_id(1), run(RunState.DONE, "a.retrying"))]) == 1


class TestForget:
    def test_what_is_asked_for_is_gone_as_if_it_had_never_been(self, journal: Journal):
        """With the attempts before the last one; it can be written again."""
        journal.write([settled(event(2), run(RunState.DEAD, "a.dead"))])
        journal.claim("member", now=NOW, until=NOW + 1, limit=1)
        journal.finish("member", [(event(1).id, run(RunState.DEAD, "a.retrying", attempts=2))])
        journal.forget_runs(Filter(event_id=event(1).id, handler="a.retrying", replay=""))
        journal.forget_runs(Filter(event_id=event(1).id, handler="a.dead", replay="another"))
        left = {f"a.{state}" for state in RunState} - {"a.retrying"}
        assert states(journal, Filter(event_id=event(1).id)).keys() == left
        assert states(journal, Filter(event_id=event(2).id)) == {"a.dead": "dead"}
        journal.write([settled(event(1), run(RunState.DONE, "a.retrying"))])
        [written] = [each for each in journal.runs_of(event(1).id) if each.handler == "a.retrying"]
        assert (written.state, len(written.attempts_made)) == (RunState.DONE, 1)
