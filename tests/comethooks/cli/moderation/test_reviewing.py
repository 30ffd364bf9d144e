"""`comethooks moderation approve` and `reject`: here, and where CometChat keeps the message."""

from collections.abc import Iterator

import pytest

from comethooks.workers.journal import AtCometChat, CaseState, StoredCase
from tests import cometchat as fake
from tests.cometchat import APP, REST_KEY, CometChat
from tests.comethooks.cli.conftest import Command
from tests.comethooks.cli.store import Store
from tests.workers.journal.cases.suspects import (
    BLOCKED,
    DROPPED,
    FAILED,
    FLAGGED,
    NOW,
    in_flight,
    suspect,
)


@pytest.fixture
def cometchat(command: Command) -> Iterator[CometChat]:
    """A CometChat that `command` knows the REST key of."""
    with fake.cometchat() as served:
        command.environ["COMETHOOKS_APPS"] = f"{APP}:eu:{REST_KEY}"
        command.environ["COMETCHAT_API_URL"] = f"{served.url}/v3"
        yield served


def state_of(store: Store, case: StoredCase) -> CaseState:
    """How a case stands now."""
    found = store.journal.cases.case(case.id)
    assert found is not None
    return found.state


@pytest.fixture
def blocked(store: Store) -> StoredCase:
    """A case that CometChat blocked."""
    told = suspect(app_id=APP)
    [case] = store.journal.cases.stand(told, AtCometChat.BLOCKED, BLOCKED, now=NOW)
    return case


DONE = (200, {"data": {"success": True, "message": "done"}})


@pytest.mark.parametrize(
    ("verb", "status"), [("approve", CaseState.APPROVED), ("reject", CaseState.REJECTED)]
)
def test_what_cometchat_blocked_is_decided_there(
    command: Command,
    store: Store,
    cometchat: CometChat,
    blocked: StoredCase,
    verb: str,
    status: CaseState,
):
    """And then here, with who and why."""
    cometchat.faults.append(DONE)
    done = command("moderation", verb, blocked.id[:8], "--by", "ada", "--note", "looked at")
    assert done.exit_code == 0, done.output
    assert "CometChat is told" in done.output
    [call] = cometchat.calls
    assert (call.method, call.path) == ("PATCH", "/v3/moderation/blocked-messages/57")
    assert call.body == {"status": status.value}
    closed = store.journal.cases.case(blocked.id)
    assert closed is not None
    assert (closed.state, closed.closed_by, closed.note) == (status, "ada", "looked at")


@pytest.mark.parametrize("told", [in_flight(app_id=APP), suspect(app_id=APP)])
def test_what_is_ours_is_closed_here(
    command: Command, store: Store, cometchat: CometChat, told: object
):
    """Nobody is called."""
    reason = DROPPED if told.message_id is None else FLAGGED  # type: ignore[attr-defined]
    case = store.journal.cases.open(told, reason, now=NOW)  # type: ignore[arg-type]
    [closed] = command.json("moderation", "reject", case.id, "--by", "ada")
    assert (closed["state"], closed["closed_by"]) == ("rejected", "ada")
    assert closed["told_cometchat"] is False
    assert cometchat.calls == []


def test_what_we_dropped_through_cometchats_rule_is_decided_there(
    command: Command, store: Store, cometchat: CometChat
):
    """Its moderation asked us and blocked the message, which it keeps."""
    told = suspect(app_id=APP)
    case = store.journal.cases.open(told, DROPPED, now=NOW)
    store.journal.cases.stand(told, AtCometChat.BLOCKED, BLOCKED, now=NOW)
    cometchat.faults.append(DONE)
    assert command("moderation", "approve", case.id).exit_code == 0
    assert [call.path for call in cometchat.calls] == ["/v3/moderation/blocked-messages/57"]


@pytest.mark.parametrize(
    ("verb", "answer", "body", "hint"),
    [
        ("reject", DONE, {"status": "disapproved"}, "CometChat is told"),
        (
            "approve",
            (404, {"error": {"code": "ERR_NOT_FOUND"}}),
            {"status": "approved"},
            "nothing of this message under review",
        ),
    ],
)
def test_what_could_not_be_judged_may_be_among_the_flagged(
    command: Command,
    store: Store,
    cometchat: CometChat,
    verb: str,
    answer: tuple[int, object],
    body: object,
    hint: str,
):
    """Where it is not, the case is closed all the same."""
    told = suspect(app_id=APP)
    [case] = store.journal.cases.stand(told, AtCometChat.FAILED, FAILED, now=NOW)
    cometchat.faults.append(answer)
    done = command("moderation", verb, case.id)
    assert (done.exit_code, hint in done.output) == (0, True), done.output
    [call] = cometchat.calls
    assert (call.path, call.body) == ("/v3/moderation/flagged-messages/57", body)
    assert state_of(store, case) is not CaseState.OPEN


def test_what_cometchat_refuses_stays_open(
    command: Command, store: Store, cometchat: CometChat, blocked: StoredCase
):
    """The error says why, and how to close it all the same."""
    refused = {"error": {"code": "ERR_MSG_NOT_FOUND", "message": "There is no such message."}}
    cometchat.faults.append((404, refused))
    failed = command("moderation", "approve", blocked.id)
    assert failed.exit_code == 1
    assert "ERR_MSG_NOT_FOUND" in failed.output
    assert "--only-here" in failed.output
    assert state_of(store, blocked) is CaseState.OPEN
    assert command("moderation", "approve", blocked.id, "--only-here").exit_code == 0
    assert len(cometchat.calls) == 1
    assert state_of(store, blocked) is CaseState.APPROVED


def test_without_a_key_it_is_said_what_to_set(command: Command, store: Store, blocked: StoredCase):
    """The case stays open."""
    failed = command("moderation", "reject", blocked.id)
    assert failed.exit_code == 1
    assert f"COMETHOOKS_APPS={APP}:region:restkey" in failed.output
    assert state_of(store, blocked) is CaseState.OPEN


def test_a_closed_case_says_who_closed_it(command: Command, store: Store):
    """To decide the same again is no failure, to decide otherwise is."""
    case = store.journal.cases.open(in_flight(), DROPPED, now=NOW)
    assert command("moderation", "reject", case.id, "--by", "ada", "--note", "spam").exit_code == 0
    again = command("moderation", "reject", case.id, "--by", "eve")
    assert again.exit_code == 0
    assert "closed already, and nothing is changed" in again.output
    other = command("moderation", "approve", case.id, "--by", "eve")
    assert other.exit_code == 1
    assert "is closed already: rejected by ada at" in other.output
    assert ": spam" in other.output
