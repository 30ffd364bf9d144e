"""Failures of ours that CometChat tells of: told from those of other engines, and counted."""

from random import Random
from typing import Any

import pytest

from comethooks.samples import sample
from comethooks.schemas import parse
from comethooks.webhooks.app import create_app
from comethooks.webhooks.moderation.own_failures import OwnFailures
from comethooks.workers.record import Record, event_record
from tests.application import MakeSettings
from tests.webhooks.samples import PASSWORD, USER, message, raw

ADDRESS = "https://chat.example.org"
"""The one of the sample."""


def told(**failure: Any) -> dict[str, Any]:
    """A failure of a Custom API, as CometChat tells of it."""
    told = sample(
        "moderation_engine_failed", variant="approved", now_ms=1_800_000_000_000, random=Random(1)
    )
    told["data"]["failures"][0].update(failure)
    return told


def record_of(body: dict[str, Any]) -> Record:
    sent = raw(body)
    return event_record(parse(body, sent), id="one", received_at=0, body=sent)


def categories(body: dict[str, Any], address: str = ADDRESS) -> list[str]:
    return list(OwnFailures(address).categories(record_of(body)))


@pytest.mark.parametrize(
    ("address", "is_ours"),
    [
        (ADDRESS, True),
        (f"{ADDRESS}/webhooks", True),
        ("https://CHAT.example.org", True),
        ("https://chat.example.org:443", True),
        ("https://chat.example.org:8443", False),
        ("https://chat.example.org/comet", False),
        ("https://other.example.org", False),
    ],
)
def test_a_failure_is_ours_by_its_url(address: str, is_ours: bool) -> None:
    """Whatever the rest of the public address is called."""
    assert categories(told(), address) == ["http_5xx"] * is_ours


@pytest.mark.parametrize(
    "context",
    [
        {"engine": "openai", "request": {"url": f"{ADDRESS}/moderation"}},
        {"engine": "custom_api", "request": {"url": "http://[/moderation"}},
        {"engine": "custom_api", "request": {"url": 7}},
        {"engine": "custom_api", "request": {"url": "https://chat.example.org:x/moderation"}},
        {"engine": "custom_api", "request": {"url": "/moderation"}},
        {"engine": "custom_api", "request": None},
        {"engine": "custom_api"},
        "strange",
        None,
    ],
)
def test_what_names_no_url_of_ours_is_not(context: Any) -> None:
    """Another engine, or a body that says nothing."""
    assert categories(told(context=context)) == []
    assert categories(message()) == []


def test_so_is_one_of_a_list_that_has_the_url_of_the_webhooks() -> None:
    """It gets no decision there."""
    context = {"engine": "custom_api", "request": {"url": f"{ADDRESS}/webhooks"}}
    assert categories(told(context=context)) == ["http_5xx"]


@pytest.mark.parametrize("category", ["brand_new", 7, None])
def test_a_category_that_nobody_knows_is_another(category: Any) -> None:
    """A label has few values."""
    assert categories(told(category=category)) == ["other"]


def test_each_is_counted_once(make_settings: MakeSettings) -> None:
    """A delivery that comes again tells of the same."""
    client = create_app(make_settings(COMETHOOKS_PUBLIC_URL=ADDRESS)).test_client()
    for body in (told(), told(), told(category="timeout")):
        client.post("/webhooks", data=raw(body), auth=(USER, PASSWORD))
    shown = client.get("/metrics").get_data(as_text=True)
    for category in ("http_5xx", "timeout"):
        assert f'comethooks_moderation_failures_total{{category="{category}"}} 1.0' in shown
