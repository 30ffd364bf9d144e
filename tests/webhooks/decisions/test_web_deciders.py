"""The deciders of a web process: who waits until they are loaded, and for how long."""

import threading
from collections.abc import Iterator

import pytest

from comethooks.webhooks.decisions import web_deciders
from comethooks.webhooks.decisions.web_deciders import LOADING, WebDeciders
from comethooks.workers.deciding.combining import Ruling
from comethooks.workers.deciding.panel import Panel
from comethooks.workers.ids import new_id
from comethooks.workers.record import Kind, Record
from comethooks.workers.states import DecisionAction
from tests.waiting import wait_for

MESSAGE = Record(kind=Kind.EVENT, id=new_id(), received_at=1, trigger="before_message")
QUESTION = Record(kind=Kind.EVENT, id=new_id(), received_at=1, trigger="moderation_requested")


class Loading:
    """Plugins without a decider, which are loaded when the test says so."""

    def __init__(self) -> None:
        self.times = 0
        self.is_over = threading.Event()

    def __call__(self) -> Panel | None:
        self.times += 1
        self.is_over.wait()
        return None


@pytest.fixture
def loading() -> Iterator[Loading]:
    made = Loading()
    yield made
    made.is_over.set()


def test_as_long_as_they_are_not_loaded_every_message_waits(loading: Loading) -> None:
    """They are loaded once, when they are first needed."""
    deciders, called = WebDeciders(loading, "allow"), threading.Event()
    for _ in range(3):
        assert deciders.may_want(MESSAGE)
    deciders.when_loaded(called.set)
    assert not called.is_set()
    loading.is_over.set()
    wait_for(called.is_set, "it is told")
    wait_for(lambda: not deciders.may_want(MESSAGE), "nobody wants it")
    assert deciders.begin(MESSAGE) is None
    assert loading.times == 1


@pytest.mark.parametrize(
    ("record", "on_failure", "decision", "deferred"),
    [
        (MESSAGE, "allow", DecisionAction.ALLOW, False),
        (MESSAGE, "drop", DecisionAction.DROP, False),
        (MESSAGE, "defer", DecisionAction.ALLOW, False),
        (QUESTION, "defer", DecisionAction.ALLOW, True),
    ],
)
def test_what_is_not_loaded_in_time_has_failed(
    loading: Loading,
    monkeypatch: pytest.MonkeyPatch,
    record: Record,
    on_failure: web_deciders.OnFailure,
    decision: DecisionAction,
    deferred: bool,
) -> None:
    """Nobody waits for longer, and the vote says why."""
    monkeypatch.setattr(web_deciders, "LOADING_SECONDS", 0.05)
    deciders, called = WebDeciders(loading, on_failure), threading.Event()
    deciders.begin_loading()
    deciders.when_loaded(called.set)
    wait_for(called.is_set, "it waits no longer")
    ruling = deciders.begin(record)
    assert isinstance(ruling, Ruling)
    assert (ruling.decision, ruling.deferred) == (decision, deferred)
    assert [vote.decider for vote in ruling.votes] == [LOADING]


def test_a_loader_that_fails_keeps_nobody_waiting() -> None:
    """It is a defect of ours, and told to the log."""

    def load() -> Panel | None:
        raise KeyError

    deciders, called = WebDeciders(load, "allow"), threading.Event()
    deciders.begin_loading()
    deciders.when_loaded(called.set)
    wait_for(called.is_set, "it waits no longer")
    assert isinstance(deciders.begin(MESSAGE), Ruling)
