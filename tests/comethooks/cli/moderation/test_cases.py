"""`comethooks moderation cases`, `show` and `forget`: what moderation found, and where."""

import pytest

from comethooks.workers.journal import AtCometChat, CaseState, StoredCase
from tests.comethooks.cli.conftest import Command
from tests.comethooks.cli.store import Store
from tests.workers.journal.cases.suspects import APP, BLOCKED, FLAGGED, NOW, reason, suspect


@pytest.fixture
def found(store: Store) -> StoredCase:
    """A case that is open, the last one of three."""
    kept = store.journal.cases
    first = kept.open(suspect(1, message_id="1", muid=None), FLAGGED, now=NOW)
    kept.close(first.id, CaseState.REJECTED, by="ada", note="spam", now=NOW + 5000)
    kept.stand(suspect(2, message_id="2", muid=None), AtCometChat.BLOCKED, BLOCKED, now=NOW + 1000)
    links = reason(rule="links")
    return kept.open(suspect(3, message_id="3", text="password=hush"), links, now=NOW + 2000)


def test_the_last_one_is_listed_first(command: Command, found: StoredCase):
    """As a table, without the secrets that people write to each other."""
    lines = command("moderation", "cases").stdout.splitlines()
    assert lines[0].split() == [
        "ID", "OPENED", "STATE", "SEVERITY", "RULE", "ORIGIN",
        "SENDER", "EXCERPT", "CONVERSATION", "MESSAGE", "APP",
    ]  # fmt: skip
    assert [line.split()[-2] for line in lines[1:]] == ["3", "2", "1"]
    assert lines[1].split()[2:7] == ["open", "high", "links", "flagged", "omar"]
    assert "password=***" in lines[1]
    assert "AI Spam detection  blocked  omar    free crypto here" in lines[2]


@pytest.mark.parametrize(
    ("options", "messages"),
    [
        (("--state", "open"), ["3", "2"]),
        (("--state", "rejected", "--rule", "scam"), ["1"]),
        (("--severity", "low"), []),
        (("--app", APP, "--since", "2025-10-09T08:53:21Z"), ["3", "2"]),
        (("--limit", "1"), ["3"]),
    ],
)
def test_cases_are_asked_for_by_what_they_are(
    command: Command, found: StoredCase, options: tuple[str, ...], messages: list[str]
):
    """All options have to fit."""
    listed = command.json("moderation", "cases", *options)
    assert [case["message_id"] for case in listed] == messages


def test_one_is_shown_by_the_beginning_of_its_id(command: Command, found: StoredCase):
    """With what is known of it, and where the rest is."""
    shown = command("moderation", "show", found.id[:8])
    assert shown.exit_code == 0
    for said in (found.id, "links", "flagged", "omar", f"events show {found.event_id}"):
        assert said in shown.output
    [document] = command.json("moderation", "show", found.id)
    assert (document["id"], document["state"]) == (found.id, "open")
    assert "hush" not in document["excerpt"]


def test_a_closed_one_says_who_closed_it(command: Command, found: StoredCase):
    """When, and what was noted."""
    [closed] = command.json("moderation", "cases", "--state", "rejected")
    shown = command("moderation", "show", closed["id"])
    assert "rejected by ada at 2025-10-09T08:53:25Z: spam" in shown.output


def test_what_nobody_has_is_said_to_be_nowhere(command: Command, found: StoredCase):
    """With what to do."""
    shown = command("moderation", "show", "00000000")
    assert shown.exit_code == 1
    assert "no case has an id that begins with 00000000" in shown.output
    assert "comethooks moderation cases" in shown.output


def test_a_user_is_forgotten(command: Command, found: StoredCase):
    """The cases stay, without what was written."""
    assert "3 excerpts of omar dropped" in command("moderation", "forget", "omar").stdout
    listed = command.json("moderation", "cases")
    assert [case["excerpt"] for case in listed] == [None, None, None]
