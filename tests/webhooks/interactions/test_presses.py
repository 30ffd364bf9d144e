"""`/interactions/<token>`: what a press gets, and what is kept of it."""

import io
import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from comethooks.schemas import InteractionEvent
from comethooks.webhooks.app import create_app
from comethooks.webhooks.interactions.presses import PER_TOKEN, PER_USER
from comethooks.workers.record import Kind, event_of
from tests.application import Kept, MakeSettings
from tests.webhooks.interactions.device_presses import (
    BODY,
    KEYS,
    METHODS,
    Begin,
    Post,
    press,
    token,
)
from tests.webhooks.samples import authorization


class TestAccepted:
    @pytest.mark.parametrize("method", METHODS)
    def test_a_press_is_kept_and_answered_with_an_empty_object(
        self, post: Post, kept: Kept, method: str
    ) -> None:
        """Whichever method the message's author chose."""
        answer = post(method=method)
        assert (answer.status_code, answer.data) == (200, b"{}")
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        [record] = kept()
        assert record.kind is Kind.EVENT
        assert (record.trigger, record.name) == ("ui_message_interacted", "interaction.received")
        assert (record.source, record.app_id) == ("cometchat", "app1")
        assert json.loads(record.body) == BODY

    def test_handlers_get_what_the_token_proved(self, post: Post, kept: Kept) -> None:
        post(press(), token(message="57", element="other"))
        event = event_of(kept()[0])
        assert isinstance(event, InteractionEvent)
        assert (event.interaction.message_id, event.interaction.element_id) == ("57", "other")
        assert event.interaction.verified

    def test_a_body_without_a_trigger_is_a_press_all_the_same(self, post: Post, kept: Kept) -> None:
        """React Native 4 writes none; whose app and message it is says the token."""
        body = {"appId": "their own", "mine": {"name": "Ada"}, "cometchatSenderUid": "ben"}
        assert post(body, token(message="57", element="submit")).status_code == 200
        [record] = kept()
        assert (record.trigger, record.app_id) == ("ui_message_interacted", "app1")
        interaction = event_of(record).interaction
        assert interaction is not None
        assert (interaction.user, dict(interaction.answers)) == ("ben", {"name": "Ada"})
        assert interaction.problems == ()

    @pytest.mark.parametrize("content_type", ["", "text/plain", "application/json; charset=x"])
    def test_the_content_type_is_ignored(self, post: Post, content_type: str) -> None:
        """IOS sends only the headers that the author set."""
        assert post(Content_Type=content_type).status_code == 200

    def test_all_presses_on_a_message_are_handled_one_after_the_other(
        self, post: Post, kept: Kept
    ) -> None:
        """Whoever presses, whatever the body names as the conversation."""
        post(press(interactedBy="ben", conversationId="group_a"))
        post(press(interactedBy="cleo", conversationId="group_b"))
        post(press(messageId="57", interactedBy="dora"), token(expires=2**40))
        post(press(messageId="58", interactedBy="dora"), token(expires=2**40))
        keys = [record.key for record in kept()]
        assert sorted(map(keys.count, keys)) == [1, 3, 3, 3]

    def test_the_app_of_a_token_may_have_to_be_one_that_is_let_in(
        self, make_settings: MakeSettings
    ) -> None:
        client = create_app(make_settings(**KEYS, COMETHOOKS_APP_IDS="app1")).test_client()
        post = Post(client)
        assert post(press()).status_code == 200
        assert post({}, token(app="app2", message="1")).status_code == 403

    def test_what_comes_to_the_webhook_with_a_password_is_as_before(
        self, client: FlaskClient, kept: Kept
    ) -> None:
        headers = {"Authorization": authorization()}
        answer = client.post("/webhooks", json=BODY, headers=headers)
        assert answer.get_json()["id"] == kept()[0].id
        interaction = event_of(kept()[0]).interaction
        assert interaction is not None
        assert (interaction.message_id, interaction.verified) == ("57", False)


class TestDuplicates:
    @pytest.mark.parametrize(
        "again",
        [
            press(),
            press(messageId="57", interactedAt=1_760_000_000),
            press(formData=[{"elementId": "name", "value": "Ada"}]),
        ],
    )
    def test_the_same_press_again_is_no_other(
        self, post: Post, kept: Kept, again: dict[str, Any]
    ) -> None:
        """By message, user, element and answers; kits write the rest as they like."""
        assert post(press()).data == post(again).data == b"{}"
        assert [record.kind for record in kept()] == [Kind.EVENT, Kind.DUPLICATE]

    @pytest.mark.parametrize(
        "other",
        [
            press(interactedBy="cleo"),
            press(interactedElementId="cancel"),
            press(formData={"name": "Bea"}),
            press(schedulerData={"meetStartAt": 1_760_000_000, "duration": 30}),
        ],
    )
    def test_anything_else_is_another(self, post: Post, kept: Kept, other: dict[str, Any]) -> None:
        post(press())
        post(other)
        assert [record.kind for record in kept()] == [Kind.EVENT, Kind.EVENT]

    def test_presses_of_unknown_messages_are_told_apart_by_all_of_them(
        self, post: Post, kept: Kept
    ) -> None:
        text = token(expires=2**40)
        for number in (1, 1, 2):
            post({"payload": {"n": number}, "cometchatSenderUid": "ben"}, text)
        kinds = [record.kind for record in kept()]
        assert kinds == [Kind.EVENT, Kind.DUPLICATE, Kind.EVENT]


class TestTooOften:
    def test_one_user_may_press_sixty_times_a_minute(self, post: Post, kept: Kept) -> None:
        """Of one message; another user is not held up."""
        statuses = [post(press(formData={"n": n})).status_code for n in range(PER_USER + 2)]
        assert statuses == [200] * PER_USER + [429] * 2
        answer = post(press(formData={"n": -1}))
        assert 1 <= int(answer.headers["Retry-After"]) <= 60
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert post(press(interactedBy="cleo")).status_code == 200
        refused = [record for record in kept() if record.kind is Kind.REFUSED]
        assert [(record.status, record.body) for record in refused] == [(429, b"")]

    def test_one_token_may_be_used_six_hundred_times_a_minute(
        self, post: Post, begin: Begin
    ) -> None:
        """By however many users: anybody may name them."""
        answers = [begin(press(interactedBy=f"u{n}")) for n in range(PER_TOKEN + 1)]
        assert [answer() for answer in answers] == ["200 OK"] * PER_TOKEN + [
            "429 Too Many Requests"
        ]
        assert post(press(messageId=58), token(message="58")).status_code == 200


STRANGE: dict[str, Any] = {
    "no block": {"appID": "app1"},
    "no user": press(interactedBy=None),
    "no element": press(interactedElementId=None, formData=None),
    "a thousand elements": press(formData={f"e{n}": "x" for n in range(1000)}),
    "nested answers": press(formData={"a": {"b": [{"c": 1}]}}),
    "NUL": press(interactedBy="a\x00b", interactedElementId="\x00", formData={"\x00": "\x00"}),
    "lone surrogates": press(interactedBy="\ud83d", formData={"\ud83d": "\udc00"}),
    "ids of 10 kB": press(
        interactedBy="x" * 10_000,
        interactedElementId="x" * 10_000,
        formData={"x" * 10_000: 1},
    ),
    "numbers beyond 64 bits": press(messageId=57, formData={"n": 2**70}),
    "a trigger of something else": {**BODY, "trigger": "message_sent"},
}


@pytest.mark.parametrize("strange", STRANGE)
def test_whatever_a_device_writes_is_kept(post: Post, kept: Kept, strange: str) -> None:
    """A kit shows everything but 200 as a failure."""
    assert post(STRANGE[strange]).status_code == 200
    [record] = kept()
    assert (record.kind, record.trigger) == (Kind.EVENT, "ui_message_interacted")
    assert event_of(record).interaction is not None


@pytest.mark.parametrize("scope", [{"expires": 2**40}, {"muid": "order-8"}])
def test_where_the_token_names_no_message_an_id_that_is_too_long_is_not_read(
    post: Post, kept: Kept, scope: dict[str, Any]
) -> None:
    """There is none that it could differ from."""
    assert post(press(messageId="x" * 1001), token(**scope)).status_code == 200
    interaction = event_of(kept()[0]).interaction
    assert interaction is not None
    assert interaction.message_id is None


def test_the_log_names_no_token(log: io.StringIO, post: Post, without_redis: Post) -> None:
    """Neither of what is taken nor of what is refused or fails."""
    text = token()
    post(press(), text)
    post(press(), text, method="GET")
    post(b"[]", text)
    post(press(messageId=58), text)
    without_redis(press(interactedBy="cleo"), text)
    written = log.getvalue()
    assert written.count('"status":') == 5
    assert text not in written
    assert text[:30] not in written
