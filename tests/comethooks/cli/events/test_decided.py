"""What was decided on messages in flight: listed, shown, explained and exported, wherever their
events are by now.
"""

import json

import pytest

from comethooks.workers.record import Vote
from comethooks.workers.states import DecisionAction
from tests.comethooks.cli.store import TOKEN, run

VOTES = (
    Vote("moderator.decide", DecisionAction.DROP, 0.26, reason="scam: free crypto", confidence=0.9),
    Vote("mine.look", DecisionAction.ALLOW, 1.0, shadow=True),
    Vote("mine.ask", None, 300.0, error=f"ValueError: token={TOKEN}"),
    Vote("mine.know", None, 2.0),
)
DROPPED = {"decision": DecisionAction.DROP, "votes": VOTES}


@pytest.fixture(params=["in its stream", "in the journal"])
def dropped(request: pytest.FixtureRequest, store):
    """An event that was dropped, with others around it."""
    store.accept()
    store.journalled(run())
    store.accept(decision=DecisionAction.ALLOW)
    store.journalled(run(), decision=DecisionAction.ALLOW)
    return store.accept(**DROPPED) if "stream" in request.param else store.journalled(**DROPPED)


def test_events_are_listed_by_decision(command, dropped):
    """The table marks it beside the trigger."""
    [event] = command.json("events", "list", "--decision", "drop")
    assert (event["id"], event["decision"]) == (dropped.id, "drop")
    assert "after_message (drop)" in command("events", "list").stdout
    found = [each["decision"] for each in command.json("events", "list")]
    assert sorted(map(str, found)) == ["None", "None", "allow", "allow", "drop"]


def test_what_is_no_decision_is_refused(command):
    """With those that there are."""
    done = command("events", "list", "--decision", "block")
    assert done.exit_code == 2
    assert "'allow', 'drop', 'annotate'" in done.stderr


def test_an_event_in_json_has_what_each_decider_said(command, dropped):
    """And why, without secrets."""
    [event] = command.json("events", "show", dropped.id)
    said, _, failed, _ = event["votes"]
    assert said == {
        "decider": "moderator.decide",
        "verdict": "drop",
        "ms": 0.26,
        "shadow": False,
        "error": None,
        "reason": "scam: free crypto",
        "confidence": 0.9,
    }
    assert (failed["verdict"], TOKEN in failed["error"]) == (None, False)


@pytest.mark.parametrize("words", [("events", "show"), ("explain",)])
def test_who_decided_what_is_laid_out_for_people(command, dropped, words):
    """How long each took, which did not count, and which failed."""
    shown = command(*words, dropped.id).stdout
    lines = [" ".join(line.split()) for line in shown.splitlines()]
    assert "decision drop" in lines
    at = lines.index("Deciders")
    assert lines[at + 1 : at + 6] == [
        "DECIDER SAID TOOK COUNTED WHY",
        "moderator.decide drop 0.3 ms yes scam: free crypto (confidence 0.9)",
        "mine.look allow 1.0 ms no, in shadow",
        "mine.ask failed 300.0 ms no ValueError: token=***",
        "mine.know nothing 2.0 ms no",
    ]


def test_an_event_that_nobody_decided_on_tells_of_no_deciders(command, store):
    """Nearly every event."""
    shown = command("events", "show", store.accept().id).stdout
    assert "Deciders" not in shown
    assert "decision" not in shown


def test_an_export_has_what_was_decided_and_an_import_keeps_it(command, store, tmp_path):
    """Byte for byte, from one journal to the other; `--decision` picks what is exported."""
    store.journalled()
    event = store.journalled(**DROPPED)
    file = tmp_path / "out.jsonl"
    assert command("events", "export", "--decision", "drop", "--output", str(file)).exit_code == 0
    [line] = map(json.loads, file.read_bytes().splitlines())
    assert (line["decision"], [each["decider"] for each in line["votes"]]) == (
        "drop",
        [vote.decider for vote in VOTES],
    )
    store.journal.delete_older(event.received_at + 1, 10)
    assert command("events", "import", str(file)).exit_code == 0
    imported = store.journal.event(event.id)
    assert (imported.decision, imported.votes) == ("drop", VOTES)
