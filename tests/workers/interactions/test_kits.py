"""What comes of a press, whichever kit posts it: from its body on the wire to a completed goal."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import chain
from typing import Any

import pytest
from flask.testing import FlaskClient

from comethooks import Context, Plugin
from comethooks.schemas import CompletionEvent, InteractionEvent
from comethooks.testing.clock import Clock
from comethooks.testing.configuring import loaded
from comethooks.testing.delivery import Delivery
from comethooks.testing.engine import Engine
from comethooks.testing.intake import MemoryIntake
from comethooks.testing.journal_file import JournalFile
from comethooks.webhooks.app import create_app
from comethooks.workers.interactions.goals_plugin import plugin
from comethooks.workers.plugins.loaded import Plugins
from comethooks.workers.presses.tokens import InteractionToken, mint
from comethooks.workers.record import event_of
from comethooks.workers.settings.interaction_keys import InteractionKey
from comethooks.workers.states import RunState
from tests.application import Kept, MakeSettings
from tests.webhooks.samples import authorization
from tests.workers.interactions.kits import (
    APP,
    GOALS,
    MEETING,
    PRESSED,
    ROWS,
    USER,
    Row,
    block,
    message,
)

SECRET = "a-secret-of-the-test"
KEY = InteractionKey("k1", SECRET.encode())


def no_calls() -> Any:
    """Nothing here asks CometChat: there is no REST key."""
    raise AssertionError("nobody is to be called")


class Road:
    """The web application, and the plugin behind it: a body goes all the way."""

    def __init__(self, client: FlaskClient, kept: Kept) -> None:
        self._client, self._kept = client, kept
        self._taken: set[str] = set()
        self._file, clock = JournalFile(), Clock()
        intake = MemoryIntake(clock, 24 * 3600)
        self._engine = Engine(clock, intake, self._file.journal, connect=no_calls, apps={})
        authors = Plugin("authors")
        authors.on("interaction.received")(self._handle)
        self._plugins = Plugins(
            loaded=tuple(chain(*(loaded(each, {}, 30).loaded for each in (plugin, authors))))
        )
        self.handled: list[InteractionEvent] = []
        """The presses as a handler of an author gets them."""

    def _handle(self, event: InteractionEvent, ctx: Context) -> None:
        self.handled.append(event)

    def close(self) -> None:
        """End the thread of its runs."""
        self._engine.close()
        self._file.close()

    def webhook(self, body: dict[str, Any]) -> Delivery:
        """What comes of a body that CometChat posts."""
        headers = {"Authorization": authorization()}
        assert self._client.post("/webhooks", json=body, headers=headers).status_code == 200
        return self._work()

    def press(self, body: dict[str, Any], token: str, method: str) -> Delivery:
        """What comes of a body that a device posts."""
        raw = json.dumps(body).encode()
        answer = self._client.open(f"/interactions/{token}", method=method, data=raw)
        assert (answer.status_code, answer.data) == (200, b"{}")
        return self._work()

    def _work(self) -> Delivery:
        [record] = [each for each in self._kept() if each.id not in self._taken]
        self._taken.add(record.id)
        delivery = Delivery(event_of(record), self._plugins, False, record)
        self._engine.deliver(delivery)
        assert {run.state for run in delivery.runs} == {RunState.DONE}
        return delivery


@pytest.fixture
def road(make_settings: MakeSettings, kept: Kept) -> Iterator[Road]:
    settings = make_settings(COMETHOOKS_INTERACTION_KEYS=f"k1:{SECRET}")
    made = Road(create_app(settings).test_client(), kept)
    yield made
    made.close()


def token_of(row: Row, number: int) -> str:
    scopes: dict[str, dict[str, Any]] = {
        "message": {"message": f"{number}"},
        "muid": {"muid": f"muid-{number}"},
        "app": {"expires": 4_000_000_000},
    }
    element = PRESSED[row.kind] if row.element else None
    return mint([KEY], InteractionToken(app=APP, element=element, **scopes[row.scope]))


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_a_press_says_the_same_whichever_kit_posts_it_and_completes_what_it_meets(
    road: Road, row: Row
) -> None:
    """Of each goal that a message of its kind may have."""
    completed: dict[str, str] = {}
    for number, (asked, goal) in enumerate(GOALS[row.kind].items(), 57):
        assert road.webhook(message(row.kind, goal, number)).emitted == ()
        pressed = road.press(row.body(number), token_of(row, number), row.method)
        check(road.handled[-1], row, number)
        for event in pressed.emitted:
            assert isinstance(event, CompletionEvent)
            assert event.completion.message_id == event.message.id == f"{number}"
            assert event.completion.verified
            completed[asked] = event.completion.user
    assert completed == dict.fromkeys(row.completes, USER)


def check(event: InteractionEvent, row: Row, number: int) -> None:
    """That a handler is told what the row expects."""
    press = event.interaction
    by_muid = row.scope == "muid"
    assert (press.message_id, press.muid) == (f"{number}", f"muid-{number}" if by_muid else None)
    is_said = "it does not say what was pressed" not in row.problems
    says_button = row.element or row.user_from == "interactedBy"
    assert press.element_id == (PRESSED[row.kind] if is_said and says_button else None)
    assert (press.user, press.user_from) == (USER, row.user_from)
    assert press.answers == row.answers
    assert press.timezone == row.timezone
    assert press.verified == (row.scope != "app")
    assert press.problems == row.problems
    assert press.interacted_at == event.received_at
    if row.has_meeting:
        assert press.meeting is not None
        assert (press.meeting.start, press.meeting.minutes) == (
            datetime.fromtimestamp(MEETING, UTC),
            30,
        )
    else:
        assert press.meeting is None


def test_every_kind_of_message_has_a_row_of_every_kit() -> None:
    """Of the kits that draw it."""
    for kit in ("web", "Android", "iOS", "Flutter", "React Native 4"):
        kinds = {row.kind for name, row in ROWS.items() if name.startswith(kit)}
        assert kinds == {"form", "card", "scheduler"}, kit


def test_a_press_that_is_posted_to_webhooks_counts_as_well(road: Road) -> None:
    """By who has the credentials; no token proves the message then."""
    road.webhook(message("card", GOALS["card"]["the button"], 57))
    body = {"appID": APP, "trigger": "ui_message_interacted", "data": block("card", 57)}
    pressed = road.webhook(body)
    assert isinstance(pressed.event, InteractionEvent)
    assert not pressed.event.interaction.verified
    [completion] = pressed.emitted
    assert isinstance(completion, CompletionEvent)
    assert completion.completion.user == USER
