"""What is said of questions of moderation that CometChat got no decision on."""

from collections.abc import Iterator
from contextlib import closing
from random import Random
from typing import Any

import pytest

from comethooks.doctor.finding import Finding
from comethooks.doctor.moderation_calls import check_failures
from comethooks.samples import sample
from comethooks.schemas import parse
from comethooks.workers.analytics.sizes import DAY_MS
from comethooks.workers.ids import new_id
from comethooks.workers.journal import Journal
from comethooks.workers.journal.tables.migrate import upgrade
from comethooks.workers.record import event_record
from comethooks.workers.texts import dumps
from tests.comethooks.doctor.findings import OK, WARNING
from tests.workers.journal.samples import T0, settled

OURS = "https://chat.example.org"
"""The one of the sample."""


@pytest.fixture
def journal(database_url: str) -> Iterator[Journal]:
    """A journal with its tables and nothing in them."""
    upgrade(database_url)
    with closing(Journal.open(database_url)) as journal:
        yield journal


def tell(
    journal: Journal, category: str, status: Any = None, url: str = f"{OURS}/moderation"
) -> None:
    """Journal what CometChat tells of a failure."""
    body = sample("moderation_engine_failed", variant="approved", now_ms=T0, random=Random(1))
    body["data"]["failures"][0].update(category=category, httpStatus=status)
    body["data"]["failures"][0]["context"]["request"]["url"] = url
    raw = dumps(body)
    record = event_record(parse(body, raw), id=new_id(), received_at=T0, body=raw)
    journal.write([settled(record)])


def found(journal: Journal, now: int = T0 + 1, address: str = OURS) -> list[Finding]:
    return list(check_failures(address, journal, now))


def test_nothing_failed(journal: Journal) -> None:
    """Not within a day, and not here."""
    assert [finding.level for finding in found(journal)] == [OK]
    tell(journal, "timeout")
    assert [finding.level for finding in found(journal, now=T0 + DAY_MS + 1)] == [OK]
    elsewhere = "https://moderator.example.org"
    assert [finding.level for finding in found(journal, address=elsewhere)] == [OK]


def test_each_kind_is_counted(journal: Journal) -> None:
    """The most frequent first, with what to do."""
    for _ in range(2):
        tell(journal, "http_4xx", 401)
    tell(journal, "timeout")
    told = [(finding.level, finding.detail, finding.advice) for finding in found(journal)]
    assert told == [
        (
            WARNING,
            f"CometChat asked {OURS}/moderation in vain, 2 times within a day: http_4xx, HTTP 401",
            "enter a user and password of COMETHOOKS_BASIC_AUTH in the list of the Dashboard",
        ),
        (
            WARNING,
            f"CometChat asked {OURS}/moderation in vain, 1 time within a day: timeout",
            (
                "CometChat waits 2 s: lower COMETHOOKS_DECISION_BUDGET_MS, and see what else is"
                " slow: comethooks doctor --public-url"
            ),
        ),
    ]


@pytest.mark.parametrize(
    ("category", "status", "says"),
    [
        ("http_4xx", 403, "?app=ID of one of COMETHOOKS_APP_IDS"),
        ("http_4xx", 404, "/moderation behind it"),
        ("http_4xx", 422, "?app=ID"),
        ("http_4xx", 418, "comethooks requests list"),
        ("http_5xx", 503, "COMETHOOKS_ON_DECISION_FAILURE"),
        ("http_5xx", 502, "the proxy in front"),
        ("connection_error", None, "firewall"),
        ("invalid_response", 200, "change the answer"),
        ("not_configured", None, "enter URL"),
        ("brand_new\x1b[31m", "?", "comethooks events list"),
    ],
)
def test_there_is_advice_for_each(journal: Journal, category: str, status: Any, says: str) -> None:
    """Also for one that nobody knows, whose name a terminal does not obey."""
    tell(journal, category, status)
    [finding] = found(journal)
    assert says in (finding.advice or "")
    assert "\x1b" not in finding.detail


@pytest.mark.parametrize("path", ["/webhooks", "/webhooks/"])
def test_the_url_of_the_webhooks_is_the_wrong_one(journal: Journal, path: str) -> None:
    """Whatever the answer was."""
    tell(journal, "http_4xx", 422, f"{OURS}{path}")
    [finding] = found(journal)
    assert finding.detail.startswith(f"CometChat asked {OURS}{path} in vain")
    assert f"enter {OURS}/moderation in the list" in (finding.advice or "")
