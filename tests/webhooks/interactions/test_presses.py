"""`/interactions/<token>`: what a press gets, and what is kept of it."""

import io
import json
import statistics
import time
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import EnvironBuilder, TestResponse

from comethooks.schemas import InteractionEvent
from comethooks.webhooks.app import create_app
from comethooks.webhooks.interactions.presses import MAX_BODY, PER_TOKEN, PER_USER
from comethooks.workers.presses.tokens import InteractionToken, mint
from comethooks.workers.record import Kind, event_of
from comethooks.workers.settings.interaction_keys import InteractionKey
from tests.application import Kept, MakeSettings
from tests.webhooks.samples import authorization

SECRET = "a-secret-of-the-test"
KEY = InteractionKey("k1", SECRET.encode())
DATA: dict[str, Any] = {
    "messageId": 57,
    "interactedBy": "ben",
    "interactedElementId": "submit",
    "formData": {"name": "Ada"},
}
BODY: dict[str, Any] = {
    "appID": "app1",
    "region": "eu",
    "trigger": "ui_message_interacted",
    "payload": {},
    "data": DATA,
}
METHODS = ["POST", "PUT", "PATCH", "DELETE"]


def token(app: str = "app1", **scope: Any) -> str:
    return mint([KEY], InteractionToken(app=app, **scope or {"message": "57"}))


def press(**data: Any) -> dict[str, Any]:
    return {**BODY, "data": {**DATA, **data}}


@pytest.fixture
def client(make_settings: MakeSettings) -> FlaskClient:
    return create_app(make_settings(**KEYS)).test_client()


Begin = Callable[[Any], Callable[[], str]]
NOWHERE = "unix:///nowhere/redis.sock"
KEYS = {"COMETHOOKS_INTERACTION_KEYS": f"k1:{SECRET}"}


class Post:
    """Posts presses, and gives what comes back."""

    def __init__(self, client: FlaskClient) -> None:
        self._client = client

    def __call__(
        self, body: Any = BODY, text: str | None = None, method: str = "POST", **headers: str
    ) -> TestResponse:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        url = f"/interactions/{token() if text is None else text}"
        return self._client.open(
            url,
            method=method,
            data=data,
            headers={name.replace("_", "-"): value for name, value in headers.items()},
        )


@pytest.fixture
def post(client: FlaskClient) -> Post:
    return Post(client)


@pytest.fixture
def begin(client: FlaskClient) -> Begin:
    """Begins with a press; what comes back waits for the status of its answer."""

    def call(body: Any) -> Callable[[], str]:
        builder = EnvironBuilder(f"/interactions/{token()}", method="POST", json=body)
        statuses: list[str] = []
        parts = client.application.wsgi_app(
            builder.get_environ(), lambda status, *_: statuses.append(status)
        )

        def finish() -> str:
            assert b"".join(parts)
            return statuses[0]

        return finish

    return call


@pytest.fixture
def without_redis(make_settings: MakeSettings) -> Post:
    return Post(create_app(make_settings(**KEYS, REDIS_URL=NOWHERE)).test_client())


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


WRONG: dict[str, tuple[Callable[[], str], Any]] = {
    "forged": (lambda: mint([InteractionKey("k1", b"x" * 32)], TOKEN), BODY),
    "cut": (lambda: token()[:-1], BODY),
    "over-long": (lambda: token() + "x" * 500, BODY),
    "of an unknown key": (lambda: mint([InteractionKey("k2", KEY.secret)], TOKEN), BODY),
    "expired": (lambda: token(expires=1), BODY),
    "none": (lambda: "", BODY),
    "of another app": (token, {**BODY, "appID": "app2"}),
    "of another app by its other name": (token, {**BODY, "appID": None, "appId": "app2"}),
    "of another message": (token, press(messageId=58)),
    "of an app with an id that is too long to be read": (token, {**BODY, "appID": "x" * 1001}),
    "of a message with such an id": (token, press(messageId="x" * 1001)),
}
TOKEN = InteractionToken(app="app1", message="57")


class TestForbidden:
    @pytest.mark.parametrize("wrong", WRONG)
    def test_nothing_is_told_and_nothing_but_a_sample_is_kept(
        self, post: Post, kept: Kept, wrong: str
    ) -> None:
        """Without a body, and at most one in ten seconds."""
        make, body = WRONG[wrong]
        for _ in range(3):
            answer = post(body, make())
            document = answer.get_json()
            assert document.pop("request_id") == answer.headers["X-Request-Id"]
            assert document == {
                "type": "about:blank",
                "title": "Forbidden",
                "status": 403,
                "detail": "This URL does not take that.",
            }
            assert answer.headers["Access-Control-Allow-Origin"] == "*"
        [record] = kept()
        assert (record.kind, record.status, record.body) == (Kind.REFUSED, 403, b"")
        assert record.reason == "the token does not prove this press"
        assert record.app_id is None

    @pytest.mark.parametrize("body", [b"no JSON", b"[]", b"x" * (MAX_BODY + 1), b"\x1f\x8b"])
    def test_the_token_comes_first(self, post: Post, body: bytes) -> None:
        """Whoever has none learns nothing from the rest."""
        assert post(body, token()[:-1]).status_code == 403

    def test_it_takes_the_same_time_whatever_is_wrong(self, post: Post) -> None:
        """Measured in turns, and as the processor time that it takes."""
        cases = [(make(), body) for make, body in WRONG.values()]
        taken: list[list[float]] = [[] for _ in cases]
        for _ in range(60):
            for (text, body), times in zip(cases, taken, strict=True):
                began = time.thread_time()
                post(body, text)
                times.append(time.thread_time() - began)
        medians = [statistics.median(times) for times in taken]
        assert max(medians) < 1.5 * min(medians), dict(zip(WRONG, medians, strict=True))

    @settings(
        deadline=None,
        max_examples=60,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(data=st.data())
    def test_no_altered_token_changes_any_row(
        self, post: Post, kept: Kept, data: st.DataObject
    ) -> None:
        """Cut, extended, or with other characters anywhere."""
        text = token()
        start = data.draw(st.integers(0, len(text) - 1))
        end = data.draw(st.integers(start, len(text)))
        put = data.draw(st.text("abcXYZ019-_.", max_size=4))
        altered = text[:start] + put + text[end:]
        if altered == text:
            return
        assert post(press(), altered).status_code == 403
        assert {record.kind for record in kept()} <= {Kind.REFUSED}


class TestRefused:
    @pytest.mark.parametrize(
        ("body", "reason"),
        [
            (b"no JSON", "the body is not JSON"),
            (b"[]", "the body is not a JSON object but a list"),
            (b"", "the body is not JSON"),
        ],
    )
    def test_what_is_no_object_gets_400_and_is_kept(
        self, post: Post, kept: Kept, body: bytes, reason: str
    ) -> None:
        answer = post(body)
        assert answer.status_code == 400
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        [record] = kept()
        assert (record.kind, record.status, record.reason) == (Kind.REFUSED, 400, reason)
        assert record.body == body

    def test_more_than_64_kilobytes_get_413(self, post: Post, kept: Kept) -> None:
        assert post(press(x="y" * MAX_BODY)).status_code == 413
        [record] = kept()
        assert (record.status, record.body) == (413, b"")

    @pytest.mark.parametrize("method", ["GET", "HEAD", "TRACE"])
    def test_other_methods_get_405(self, post: Post, method: str) -> None:
        answer = post(method=method)
        assert answer.status_code == 405
        assert answer.headers["Allow"] == "POST, PUT, PATCH, DELETE, OPTIONS"

    def test_while_redis_is_away_it_is_503(self, without_redis: Post) -> None:
        answer = without_redis()
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) >= 1
        assert answer.headers["Access-Control-Allow-Origin"] == "*"


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


class TestCrossOrigin:
    def test_a_browser_is_told_that_it_may(self, post: Post, kept: Kept) -> None:
        """What Chromium asks before a page of another origin may send JSON."""
        answer = post(
            b"",
            method="OPTIONS",
            Origin="https://app.example.com",
            Access_Control_Request_Method="PATCH",
            Access_Control_Request_Headers="content-type,x-their-own",
        )
        assert answer.status_code == 200
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert answer.headers["Access-Control-Allow-Headers"] == "content-type,x-their-own"
        assert "PATCH" in answer.headers["Access-Control-Allow-Methods"]
        assert answer.headers["Access-Control-Max-Age"] == "600"
        assert "Access-Control-Allow-Credentials" not in answer.headers
        assert kept() == []

    @pytest.mark.parametrize("names", ["x" * 1001, "a: b", "a\tb", "ü", "a,,b", ""])
    def test_names_that_are_none_are_not_given_back(self, post: Post, names: str) -> None:
        answer = post(b"", method="OPTIONS", Access_Control_Request_Headers=names)
        assert answer.status_code == 200
        assert "Access-Control-Allow-Headers" not in answer.headers


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
