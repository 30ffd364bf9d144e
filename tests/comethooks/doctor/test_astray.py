"""What is said of webhooks that are sent to a path which is not ours."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from comethooks.doctor.astray import check_paths
from comethooks.workers.analytics.sizes import DAY_MS
from comethooks.workers.ids import new_id
from comethooks.workers.journal import Journal
from comethooks.workers.journal.tables.migrate import upgrade
from comethooks.workers.record import Kind, Record
from tests.comethooks.doctor.findings import OK, WARNING
from tests.workers.journal.samples import T0, settled


@pytest.fixture
def journal(database_url: str) -> Iterator[Journal]:
    """A journal with its tables and nothing in them."""
    upgrade(database_url)
    with closing(Journal.open(database_url)) as journal:
        yield journal


def note(journal: Journal, path: str, *, method: str = "POST", **headers: str) -> None:
    """Journal a sample of a call."""
    record = Record(
        kind=Kind.REFUSED,
        id=new_id(),
        received_at=T0,
        headers={"method": method, "path": path, **headers},
        status=404,
        reason=f"{method} {path} is not routed",
    )
    journal.write([settled(record)])


def said(journal: Journal, now: int = T0 + 1) -> list[tuple[object, str]]:
    return [(finding.level, finding.detail) for finding in check_paths(journal, now)]


def test_a_call_with_the_password_is_cometchats(journal: Journal) -> None:
    """Whatever the path is called."""
    note(journal, "/chat/webhooks", credential="cometchat")
    note(journal, "/chat/webhooks")
    note(journal, "/hook", credential="cometchat")
    assert sorted(said(journal)) == [
        (WARNING, "CometChat calls /chat/webhooks, which is not routed"),
        (WARNING, "CometChat calls /hook, which is not routed"),
    ]


def test_what_moderation_asks_goes_to_another_path(journal: Journal) -> None:
    """Which of the two is meant, its name says."""
    note(journal, "/chat/moderation", credential="cometchat")
    note(journal, "/chat/events", credential="cometchat")
    advice = {finding.detail: finding.advice for finding in check_paths(journal, T0 + 1)}
    assert "with /moderation behind it" in (
        advice["CometChat calls /chat/moderation, which is not routed"] or ""
    )
    assert "with /webhooks behind it" in (
        advice["CometChat calls /chat/events, which is not routed"] or ""
    )


def test_of_others_those_are_named_that_post_to_something_called_webhook(journal: Journal) -> None:
    """The world is full of people who try paths."""
    note(journal, "/wp-login.php")
    note(journal, "/webhooks/x", method="GET")
    note(journal, "/webhooks/y", credential="cometchat", user_agent="comethooks-doctor")
    assert [level for level, _ in said(journal)] == [OK]
    note(journal, "/api/webhook")
    assert said(journal) == [
        (WARNING, "somebody without the password calls /api/webhook, which is not routed")
    ]


def test_what_was_a_day_ago_is_mended(journal: Journal) -> None:
    note(journal, "/chat/webhooks", credential="cometchat")
    assert [level for level, _ in said(journal, T0 + DAY_MS + 1)] == [OK]


def test_of_many_paths_a_few_are_named(journal: Journal) -> None:
    for number in range(5):
        note(journal, f"/webhooks{number}")
    found = said(journal)
    assert len(found) == 4
    assert found[-1][1] == "and 2 other paths like that"
