"""Pages are asked for at a rate, and again as long as there is hope."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from comethooks.backfill import patient_pages
from comethooks.backfill.patient_pages import PageRequests, PageTooLargeError, PatientPages
from comethooks.testing.chat_app import ChatApp
from comethooks.workers.cometchat.api_errors import (
    ApiBusyError,
    ApiFailedError,
    ApiRefusedError,
    NoAnswerError,
)
from comethooks.workers.cometchat.calls import ApiCalls, Pacing
from comethooks.workers.cometchat.message_calls import listing
from comethooks.workers.cometchat.message_pages import MessagePages
from comethooks.workers.settings.apps import App

T = 1_760_000_000


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def app() -> ChatApp:
    """With three messages."""
    app = ChatApp(lambda: T * 1000)
    for number in range(3):
        app.has_message({"id": str(number), "sentAt": T + number})
    return app


@pytest.fixture
def api(app: ChatApp) -> Iterator[str]:
    """Where it is."""
    with app.served() as url:
        yield url


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def pages(api: str, time: Time, told: list[str]) -> Iterator[PatientPages]:
    """Its pages, of two messages."""
    with httpx.Client() as client:
        known = App("app1", "eu", "key", api)
        calls = ApiCalls(known, "app1", PageRequests(client), Pacing(), lambda: 0.0)
        listed = MessagePages(calls, listing(T, T + 9, limit=2))
        yield PatientPages(listed, 5.0, told.append, time.clock, time.sleep)


def read(pages: PatientPages) -> list[str]:
    found: list[Any] = []
    while not pages.pages.ended:
        found += pages.next()
    return [each["id"] for each in found]


def test_pages_come_no_faster_than_asked_for(pages: PatientPages, time: Time) -> None:
    """Five a second; the first at once."""
    assert read(pages) == ["0", "1", "2"]
    assert time.slept == [pytest.approx(0.2)] * 2


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_cometchat_cannot_answer_now_is_asked_again(
    pages: PatientPages, app: ChatApp, told: list[str], status: int
) -> None:
    """And somebody is told why it takes so long."""
    app.fail(status, times=3)
    assert read(pages) == ["0", "1", "2"]
    assert len(told) == 3
    assert f"GET /messages: CometChat answered {status}" in told[0]
    assert "; asking again in " in told[0]


def test_as_long_is_waited_as_cometchat_asks_for(
    pages: PatientPages, app: ChatApp, time: Time
) -> None:
    """Or up to half as long again, as handlers' calls do."""
    app.fail(429, retry_after=45)
    pages.next()
    assert max(time.slept) >= 45


def test_it_gives_up_after_ten_minutes(pages: PatientPages, app: ChatApp, time: Time) -> None:
    """With what CometChat said last; the same page may be asked for again then."""
    app.fail(500, times=1000)
    with pytest.raises(ApiFailedError):
        pages.next()
    assert 500 < time.now <= 600
    app._waiting.clear()
    assert read(pages) == ["0", "1", "2"]


def test_it_does_not_wait_for_longer_than_that(pages: PatientPages, app: ChatApp) -> None:
    """Where CometChat asks for an hour, it ends at once."""
    app.fail(429, retry_after=3600)
    with pytest.raises(ApiBusyError):
        pages.next()


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_no_is_not_asked_again(pages: PatientPages, app: ChatApp, status: int) -> None:
    """With its code."""
    app.fail(status, code="AUTH_ERR_APIKEY_NOT_FOUND", times=2)
    with pytest.raises(ApiRefusedError, match=f"answered {status} .AUTH_ERR_APIKEY_NOT_FOUND"):
        pages.next()
    assert len(app._waiting) == 1


def test_a_page_that_is_too_large_is_asked_for_in_parts(
    pages: PatientPages, app: ChatApp, monkeypatch: pytest.MonkeyPatch, told: list[str]
) -> None:
    """It would be as large the next time; and no more of it is read than what may be."""
    monkeypatch.setattr(patient_pages, "MOST_BYTES", 1000)
    for number in range(2):
        app.messages[str(number)]["data"] = {"text": "x" * 700}
    assert read(pages) == ["0", "1", "2"]
    assert [call.query["limit"] for call in app.calls][:2] == ["2", "1"]
    assert "larger than" in told[0]


def test_a_message_that_is_too_large_alone_ends_it(
    pages: PatientPages, app: ChatApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After ten minutes."""
    monkeypatch.setattr(patient_pages, "MOST_BYTES", 10)
    with pytest.raises(PageTooLargeError):
        pages.next()


@pytest.mark.parametrize(
    "content", [b"<html>", b"{", b"[]", b'{"data": "none"}', b'{"data": {}}', b"{}"]
)
def test_what_is_no_page_is_asked_for_again(
    pages: PatientPages, app: ChatApp, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    """A proxy's page must not be taken for the end of the list."""
    from comethooks.testing.chat_state import ChatAnswer

    usual = app.answer
    answers = iter([ChatAnswer(200, None, content)])
    monkeypatch.setattr(app, "answer", lambda *request: next(answers, None) or usual(*request))
    assert read(pages) == ["0", "1", "2"]


def test_no_answer_is_asked_for_again(
    pages: PatientPages, app: ChatApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the time for it has passed."""
    monkeypatch.setattr(patient_pages, "_TIMEOUT_SECONDS", 0.1)
    app.silent(times=1)
    assert read(pages) == ["0", "1", "2"]
    app.silent(times=1000)
    with pytest.raises(NoAnswerError):
        PatientPages(
            MessagePages(pages.pages._calls, listing(T, T, limit=1)),
            5.0,
            print,
            iter(range(0, 10**6, 300)).__next__,
            lambda seconds: None,
        ).next()
