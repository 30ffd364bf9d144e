"""Cases are opened once, whoever tells of a message, how often and in which order."""

from itertools import permutations
from multiprocessing.synchronize import Barrier

import pytest

from comethooks.workers.journal import (
    COMETCHAT_ITSELF,
    AtCometChat,
    CaseOrigin,
    CaseState,
    Journal,
    StoredCase,
)
from comethooks.workers.journal.cases import opening
from tests.forked import context
from tests.workers.journal.cases.suspects import (
    APP,
    BLOCKED,
    DROPPED,
    FAILED,
    FLAGGED,
    MESSAGE,
    NOW,
    in_flight,
    reason,
    suspect,
)


def all_cases(journal: Journal) -> list[StoredCase]:
    """All that are kept."""
    return list(journal.cases.cases())


def the_case(journal: Journal) -> StoredCase:
    """The only one that is kept."""
    [case] = all_cases(journal)
    return case


def test_a_message_and_a_rule_have_one_case(journal: Journal):
    """Told by another event, it is the same one, and nothing of it changes."""
    first = journal.cases.open(suspect(1), FLAGGED, now=NOW)
    assert journal.cases.open(suspect(2), FLAGGED, now=NOW + 1) == first
    assert (first.state, first.origin) == (CaseState.OPEN, CaseOrigin.FLAGGED)
    assert (first.excerpt, first.opened_at) == ("free crypto here", NOW)


def test_another_rule_has_a_case_of_its_own(journal: Journal):
    """So has the same message id of another app."""
    journal.cases.open(suspect(), FLAGGED, now=NOW)
    journal.cases.open(suspect(), reason(rule="links"), now=NOW)
    journal.cases.open(suspect(app_id="other"), FLAGGED, now=NOW)
    assert len(all_cases(journal)) == 3


def test_the_excerpt_has_at_most_200_characters(journal: Journal):
    """What a column of text refuses is replaced."""
    case = journal.cases.open(suspect(text="x\0" + 300 * "y"), FLAGGED, now=NOW)
    assert case.excerpt is not None
    assert (len(case.excerpt), case.excerpt[:3], case.excerpt[-1]) == (200, "x\ufffdy", "…")


def test_what_was_dropped_in_flight_has_one_case(journal: Journal):
    """Its run may be repeated; another message in flight has another case."""
    first = journal.cases.open(in_flight(1), DROPPED, now=NOW)
    assert journal.cases.open(in_flight(1), DROPPED, now=NOW + 1) == first
    journal.cases.open(in_flight(2, muid=None), DROPPED, now=NOW + 1)
    assert [case.message_id for case in all_cases(journal)] == [None, None]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_what_was_sent_although_it_was_dropped_is_the_same_case(
    journal: Journal, order: tuple[int, int]
):
    """The message is known again by its muid, and the case gets its id."""
    told = [(in_flight(1), DROPPED), (suspect(2), FLAGGED)]
    for number in order:
        journal.cases.open(*told[number], now=NOW)
    assert the_case(journal).message_id == MESSAGE


def test_nobody_hides_a_message_behind_the_muid_of_another(journal: Journal):
    """Whoever writes chooses the muid: another text, or another sender, is another message."""
    journal.cases.open(in_flight(1), DROPPED, now=NOW)
    journal.cases.open(suspect(2, text="free crypto there"), FLAGGED, now=NOW)
    journal.cases.open(suspect(3, message_id="58", sender="eve"), FLAGGED, now=NOW)
    journal.cases.open(in_flight(4, text="free crypto where"), DROPPED, now=NOW)
    assert len(all_cases(journal)) == 4


def test_an_edit_opens_a_case_again_and_nothing_older_does(journal: Journal):
    """Of a closed case a replay of the message that it was about changes nothing."""
    case = journal.cases.open(suspect(1), FLAGGED, now=NOW)
    assert journal.cases.close(case.id, CaseState.APPROVED, by="ada", note="fine", now=NOW + 1)
    assert journal.cases.open(suspect(1), FLAGGED, now=NOW + 2).state is CaseState.APPROVED
    edited = suspect(2, as_of=NOW + 3, text="free crypto again")
    again = journal.cases.open(edited, FLAGGED, now=NOW + 4)
    assert (again.id, again.state, again.excerpt) == (case.id, CaseState.OPEN, "free crypto again")
    assert (again.closed_by, again.note, again.event_id) == (None, None, edited.event_id)
    assert journal.cases.open(suspect(1), FLAGGED, now=NOW + 5) == again


STEPS = {
    "dropped": lambda journal: journal.cases.open(suspect(1), DROPPED, now=NOW),
    "failed": lambda journal: journal.cases.stand(
        suspect(2, text=""), AtCometChat.FAILED, FAILED, now=NOW, failure="timeout"
    ),
    "blocked": lambda journal: journal.cases.stand(
        suspect(3), AtCometChat.BLOCKED, BLOCKED, now=NOW
    ),
    "reviewed": lambda journal: journal.cases.stand(
        suspect(4), AtCometChat.REVIEWED, BLOCKED, now=NOW
    ),
}
"""What is told of one message, by us and by CometChat."""


@pytest.mark.parametrize("order", [*permutations(STEPS)], ids=" ".join)
def test_what_cometchat_says_stands_in_our_case(journal: Journal, order: tuple[str, ...]):
    """In whatever order events come, and twice: one case, approved by whoever did so there."""
    for step in (*order, *order):
        STEPS[step](journal)
    case = the_case(journal)
    assert (case.rule, case.origin) == ("scam", CaseOrigin.DROPPED)
    assert (case.at_cometchat, case.failure) == (AtCometChat.REVIEWED, "timeout")
    assert (case.state, case.closed_by) == (CaseState.APPROVED, COMETCHAT_ITSELF)
    assert case.excerpt == "free crypto here"


@pytest.mark.parametrize("order", [*permutations(("failed", "blocked"))], ids=" ".join)
def test_what_only_cometchat_blocked_has_a_case_of_its_rule(
    journal: Journal, order: tuple[str, ...]
):
    """That it could not be judged before says nothing of where the case is to be closed."""
    for step in (*order, *order):
        STEPS[step](journal)
    case = the_case(journal)
    assert (case.rule, case.origin) == ("AI Spam detection", CaseOrigin.BLOCKED)
    assert (case.at_cometchat, case.state) == (AtCometChat.BLOCKED, CaseState.OPEN)
    assert (case.failure, case.excerpt) == ("timeout", "free crypto here")


@pytest.mark.parametrize("order", [*permutations(("in flight", "sent", "blocked"))], ids=" ".join)
def test_a_message_in_flight_and_what_came_of_it_have_one_case(
    journal: Journal, order: tuple[str, ...]
):
    """Whichever of our events comes first, and whatever CometChat's rule says meanwhile."""
    for step in (*order, *order):
        if step == "in flight":
            journal.cases.open(in_flight(1), DROPPED, now=NOW)
        elif step == "sent":
            journal.cases.open(suspect(2), FLAGGED, now=NOW)
        else:
            STEPS["blocked"](journal)
    case = the_case(journal)
    assert (case.rule, case.message_id) == ("scam", MESSAGE)
    assert case.at_cometchat is AtCometChat.BLOCKED


def test_an_outage_opens_no_more_cases_than_somebody_looks_at(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
):
    """What it failed to judge is known all the same, when something is found in it later."""
    monkeypatch.setattr(opening, "MOST_UNJUDGED", 2)
    for number in ("1", "2", "3"):
        told = suspect(1, message_id=number, muid=None)
        journal.cases.stand(told, AtCometChat.FAILED, FAILED, failure="timeout", now=NOW)
    assert {case.message_id for case in all_cases(journal)} == {"1", "2"}
    case = journal.cases.open(suspect(2, message_id="3", muid=None), FLAGGED, now=NOW)
    assert (case.origin, case.failure) == (CaseOrigin.FLAGGED, "timeout")
    journal.cases.close(all_cases(journal)[-1].id, CaseState.APPROVED, by="ada", note="", now=NOW)
    other = suspect(1, message_id="4", muid=None)
    assert journal.cases.stand(other, AtCometChat.FAILED, FAILED, failure="timeout", now=NOW)


def test_what_cometchat_approves_has_no_case(journal: Journal):
    """But one that we dropped says so, and stays open: it was sent."""
    journal.cases.stand(suspect(2), AtCometChat.APPROVED, BLOCKED, now=NOW)
    assert all_cases(journal) == []
    case = journal.cases.open(suspect(1), DROPPED, now=NOW)
    assert (case.at_cometchat, case.state) == (AtCometChat.APPROVED, CaseState.OPEN)


def test_what_is_said_of_an_edit_comes_after_what_was_said_before(journal: Journal):
    """An edit that is blocked is blocked, although somebody approved what it was."""
    journal.cases.stand(suspect(1, as_of=NOW + 5), AtCometChat.BLOCKED, BLOCKED, now=NOW)
    journal.cases.stand(suspect(2), AtCometChat.REVIEWED, BLOCKED, now=NOW + 1)
    case = the_case(journal)
    assert (case.at_cometchat, case.state) == (AtCometChat.BLOCKED, CaseState.OPEN)


@pytest.mark.parametrize("is_first", [True, False])
def test_a_deleted_message_keeps_no_excerpt(journal: Journal, is_first: bool):
    """Neither does it get one when the event that opens the case comes later, or again."""
    for step in sorted(("deleted", "opened"), reverse=not is_first):
        if step == "opened":
            journal.cases.open(suspect(1), FLAGGED, now=NOW)
        else:
            journal.cases.deleted(APP, MESSAGE, now=NOW)
    journal.cases.open(suspect(2, as_of=NOW + 5), FLAGGED, now=NOW)
    assert the_case(journal).excerpt is None


def test_what_we_delete_ourselves_keeps_its_excerpt(journal: Journal):
    """Whoever looks at the case is to see why."""
    journal.cases.open(suspect(1), FLAGGED, now=NOW)
    journal.cases.removing(APP, MESSAGE, now=NOW)
    journal.cases.deleted(APP, MESSAGE, now=NOW)
    assert the_case(journal).excerpt == "free crypto here"


def test_a_forgotten_user_leaves_no_excerpts(journal: Journal):
    """In one app, or in all; of others they stay."""
    journal.cases.open(suspect(1), FLAGGED, now=NOW)
    journal.cases.open(suspect(2, message_id="58", sender="eve"), FLAGGED, now=NOW)
    assert journal.cases.forget_user("omar", "other", now=NOW) == 0
    assert journal.cases.forget_user("Omar", now=NOW) == 1
    kept = {case.sender: case.excerpt for case in all_cases(journal)}
    assert kept == {"omar": None, "eve": "free crypto here"}


def test_two_processes_at_once_open_one_case(url: str, journal: Journal):
    """One tells that it was dropped, another that it was sent, a third what CometChat says."""
    start = context.Barrier(len(_AT_ONCE))
    processes = [context.Process(target=_tell, args=(url, step, start)) for step in _AT_ONCE]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * len(_AT_ONCE)
    found = all_cases(journal)
    assert len(found) == _MESSAGES
    assert {case.at_cometchat for case in found} == {AtCometChat.BLOCKED}
    assert {case.rule for case in found} == {"scam"}


_AT_ONCE = ("in flight", "sent", "blocked")
_MESSAGES = 20


def _tell(url: str, step: str, start: Barrier) -> None:
    journal = Journal.open(url)
    journal.probe()
    start.wait()
    for number in range(_MESSAGES):
        told = suspect(number, message_id=f"m{number}", muid=f"muid {number}")
        if step == "in flight":
            flying = in_flight(number, muid=f"muid {number}")
            journal.cases.open(flying, DROPPED, now=NOW)
        elif step == "sent":
            journal.cases.open(told, FLAGGED, now=NOW)
        else:
            journal.cases.stand(told, AtCometChat.BLOCKED, BLOCKED, now=NOW)
    journal.close()
