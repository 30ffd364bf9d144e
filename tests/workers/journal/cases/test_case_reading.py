"""Cases are listed, found by the beginning of an id, closed once, and deleted when they are old."""

import pytest

from comethooks.workers.journal import AtCometChat, CaseFilter, CaseState, Journal
from tests.workers.journal.cases.suspects import APP, DAY, FLAGGED, NOW, reason, suspect


def open_some(journal: Journal, count: int = 3) -> None:
    """Cases of different messages, each opened a second after the one before."""
    for number in range(count):
        told = suspect(number, message_id=f"m{number}", muid=None)
        journal.cases.open(told, FLAGGED, now=NOW + 1000 * number)


def listed(journal: Journal, **asked: object) -> list[str | None]:
    """The messages of the cases that are asked for."""
    return [case.message_id for case in journal.cases.cases(CaseFilter(**asked))]


def test_the_last_one_opened_comes_first(journal: Journal, monkeypatch: pytest.MonkeyPatch):
    """However many are read at a time."""
    monkeypatch.setattr("comethooks.workers.journal.cases.case_journal._PAGE", 2)
    open_some(journal, 5)
    assert listed(journal) == ["m4", "m3", "m2", "m1", "m0"]
    assert listed(journal, limit=3) == ["m4", "m3", "m2"]


def test_cases_are_found_by_what_they_are(journal: Journal):
    """All that is asked for has to fit."""
    open_some(journal)
    last = next(journal.cases.cases())
    journal.cases.close(last.id, CaseState.REJECTED, by="ada", note=None, now=NOW)
    journal.cases.open(suspect(9, message_id="m9", muid=None), reason(rule="links"), now=NOW)
    assert listed(journal, state=CaseState.REJECTED) == ["m2"]
    assert listed(journal, state=CaseState.OPEN, rule="scam") == ["m1", "m0"]
    assert listed(journal, rule="links", severity="high", app_id=APP) == ["m9"]
    assert listed(journal, severity="low") == listed(journal, app_id="other") == []
    assert listed(journal, since=NOW + 1000, until=NOW + 2000) == ["m1"]


def test_the_beginning_of_an_id_is_enough(journal: Journal):
    """Nothing is found by what none begins with."""
    open_some(journal, 1)
    case = next(journal.cases.cases())
    assert journal.cases.case(case.id[:10]) == case
    assert journal.cases.case("00000000") is None


def test_a_case_is_closed_by_one(journal: Journal):
    """Who comes second changes nothing, and sees who was first."""
    open_some(journal, 1)
    case = next(journal.cases.cases())
    assert journal.cases.close(case.id, CaseState.REJECTED, by="ada", note="spam", now=NOW + 5)
    assert not journal.cases.close(case.id, CaseState.APPROVED, by="eve", note=None, now=NOW + 6)
    closed = journal.cases.case(case.id)
    assert closed is not None
    assert (closed.state, closed.closed_by, closed.closed_at) == (
        CaseState.REJECTED,
        "ada",
        NOW + 5,
    )
    assert closed.note == "spam"


def test_open_cases_are_counted_by_severity(journal: Journal):
    """Closed ones are not."""
    open_some(journal)
    case = next(journal.cases.cases())
    journal.cases.close(case.id, CaseState.REJECTED, by="ada", note=None, now=NOW)
    assert journal.cases.open_by_severity() == {"high": 2}


def test_a_case_goes_once_nothing_is_told_of_it(journal: Journal):
    """Its excerpt goes earlier, where bodies are kept for fewer days."""
    open_some(journal)
    journal.cases.stand(suspect(7, muid=None), AtCometChat.APPROVED, FLAGGED, now=NOW)
    assert journal.cases.drop_excerpts(NOW + 1500, 1).more
    assert journal.cases.drop_excerpts(NOW + 1500, 10).count == 1
    assert [case.excerpt for case in journal.cases.cases()] == ["free crypto here", None, None]
    assert journal.cases.delete_older(NOW, 10).count == 0
    # Two cases, and three messages: of one of them nothing but CometChat's word is known.
    assert journal.cases.delete_older(NOW + 1500, 10).count == 5
    assert listed(journal) == ["m2"]
    assert journal.cases.delete_older(NOW + DAY, 10).count == 2
