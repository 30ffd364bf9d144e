"""What was decided on messages in flight is kept beside their events, and goes where they go."""

from collections.abc import Callable

import pytest
from sqlalchemy import event as sql_event
from sqlalchemy import func, select

from comethooks.workers.journal import Filter, Journal, blocks
from comethooks.workers.journal.listings import searching
from comethooks.workers.journal.replaying.replay_request import ReplayRequest
from comethooks.workers.journal.tables.decision_table import decisions
from comethooks.workers.record import Record, Vote
from comethooks.workers.states import DecisionAction, RunState
from tests.workers.journal.samples import T0, event, run, settled

VOTES = (
    Vote("moderator.decide", DecisionAction.DROP, 0.25, reason="scam\x00 \N{PILE OF POO}"),
    Vote("mine.look", None, 300.0, shadow=True, error="late"),
)


def decided(number: int, decision: DecisionAction = DecisionAction.DROP) -> Record:
    return event(number, trigger="before_message", decision=decision, votes=VOTES)


def number_of_rows(journal: Journal) -> int:
    with journal.engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(decisions)) or 0


def statements(journal: Journal) -> list[str]:
    """The statements that are executed from now on."""
    found: list[str] = []
    sql_event.listen(
        journal.engine,
        "before_cursor_execute",
        lambda connection, cursor, statement, *_: found.append(statement),
    )
    return found


class TestKept:
    def test_is_read_with_the_event_however_it_is_read(self, journal: Journal) -> None:
        """Alone, in listings, and whole; an event beside it that nobody decided on has none."""
        journal.write([settled(decided(1)), settled(event(2))])
        shown = journal.event(decided(1).id)
        assert shown is not None
        assert (shown.decision, shown.votes) == ("drop", VOTES)
        assert shown.record.votes == VOTES
        for listed in ([*journal.events()][::-1], [*journal.whole_events()]):
            assert [each.decision for each in listed] == ["drop", None]
            assert [each.votes for each in listed] == [VOTES, ()]

    def test_is_in_the_json_of_the_event(self, journal: Journal) -> None:
        """As a word or null, and as a list."""
        journal.write([settled(decided(1)), settled(event(2))])
        undecided, found = (each.as_json() for each in journal.events())
        assert (undecided["decision"], undecided["votes"]) == (None, [])
        assert found["decision"] == "drop"
        assert found["votes"][1] == {
            "decider": "mine.look",
            "verdict": None,
            "ms": 300.0,
            "shadow": True,
            "error": "late",
            "reason": None,
            "confidence": 1.0,
        }

    def test_is_the_first_one_when_the_event_is_written_again(self, journal: Journal) -> None:
        """A drainer that was killed is followed by one that writes the same; nothing changes."""
        for decision in (DecisionAction.DROP, DecisionAction.ALLOW):
            journal.write([settled(decided(1, decision))])
        assert [each.decision for each in journal.events()] == ["drop"]

    def test_events_without_one_cost_nothing(self, journal: Journal) -> None:
        """Writing them touches no table of decisions."""
        seen = statements(journal)
        journal.write([settled(event(number), run()) for number in range(3)])
        assert not [each for each in seen if "decisions" in each]
        assert number_of_rows(journal) == 0

    def test_goes_with_its_event(self, journal: Journal) -> None:
        """When retention deletes that."""
        journal.write([settled(decided(1)), settled(decided(2))])
        assert journal.delete_older(T0 + 2000, 10).count == 1
        assert number_of_rows(journal) == 1

    def test_stays_when_the_body_is_dropped(self, journal: Journal) -> None:
        """It says nothing of what was written."""
        journal.write([settled(decided(1))])
        assert journal.drop_payloads(T0 + 9000, 10).count == 1
        shown = journal.event(decided(1).id)
        assert shown is not None
        assert (shown.body, shown.decision, shown.votes) == (None, "drop", VOTES)


class TestHandlers:
    def test_of_further_attempts_get_it(self, journal: Journal) -> None:
        """The event of a claimed run is as it was kept."""
        due = run(RunState.RETRYING, next_at=T0)
        journal.write([settled(decided(1), due), settled(event(2), due)])
        claimed = journal.claim("host|1|2", now=T0, until=T0 + 1000, limit=10)
        assert {each.record.id: each.record.votes for each in claimed} == {
            decided(1).id: VOTES,
            event(2).id: (),
        }
        assert {each.record.decision for each in claimed} == {"drop", None}

    def test_of_replays_get_it(self, journal: Journal) -> None:
        """With and without bodies, which a plan does not read."""
        journal.write([settled(decided(1)), settled(event(2))])
        request = ReplayRequest(asked=Filter(), handlers=frozenset())
        read = journal.replays.candidates(request, "again", None, 10)
        planned = [*journal.replays.all_candidates(request)]
        for found in (read, planned):
            assert [each.record.decision for each in found] == ["drop", None]
            assert [each.record.votes for each in found] == [VOTES, ()]


@pytest.mark.parametrize("decision", DecisionAction)
def test_events_are_listed_by_what_was_decided(journal: Journal, decision: DecisionAction) -> None:
    """The newest first, as ever."""
    actions = [*DecisionAction, None]
    journal.write([settled(decided(n, actions[n % 4])) for n in range(40)])  # type: ignore[arg-type]
    found = [each.decision for each in journal.events(Filter(decision=decision))]
    assert found == [decision] * 10


def test_a_listing_looks_only_where_such_a_decision_may_be(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a hundred blocks it reads the events of one, whatever else was decided in the others."""
    monkeypatch.setattr(blocks, "SIZE", 10)
    looked: list[tuple[int, int]] = []
    times = searching.Search._times

    def noted(*arguments: object, **options: object) -> Callable[[], object]:
        for found in times(*arguments, **options):  # type: ignore[arg-type]
            looked.append(found)
            yield found

    monkeypatch.setattr(searching.Search, "_times", noted)
    batch = [decided(n, DecisionAction.ALLOW) if n % 2 else event(n) for n in range(1000)]
    batch[500] = decided(500)
    journal.write([settled(record) for record in batch])
    assert [each.id for each in journal.events(Filter(decision=DecisionAction.DROP))] == [
        decided(500).id
    ]
    assert len(looked) == 1
