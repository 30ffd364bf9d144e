"""Receiving without HTTP and Redis: what is kept of a body, and what is answered."""

import json
import time
from typing import Any

import pytest

from comethooks.webhooks import cometchat, receiving
from comethooks.webhooks.body import BodyError, BrokenOffError, TooLargeError
from comethooks.webhooks.cometchat import CometChat, is_json
from comethooks.webhooks.receiving import Incoming, Verdict, answer
from comethooks.workers.record import Kind, Record
from comethooks.workers.settings.settings import Settings
from comethooks.workers.streams.accepted import Accepted, NotKeptError
from tests.webhooks.samples import in_flight, message, raw

HEADERS = {"remote_address": "192.0.2.1", "credential": "cometchat"}
FIRST = "01900000-0000-7000-8000-000000000001"


def incoming(content_type: str = "application/json") -> Incoming:
    return Incoming(
        id="id1", received_at=1_800_000_001_000, content_type=content_type, headers=HEADERS
    )


def source(**variables: str) -> CometChat:
    return CometChat(Settings.load({"COMETHOOKS_BASIC_AUTH": "ada:secret", **variables}))


def judge(came: Incoming, body: bytes, app_ids: set[str] = frozenset()) -> Verdict:  # type: ignore[assignment]
    return receiving.judge(source(COMETHOOKS_APP_IDS=",".join(sorted(app_ids))), came, body)


def unreadable(came: Incoming, error: BodyError) -> Verdict:
    return receiving.unreadable(source(), came, error)


def unauthenticated(came: Incoming, reason: str) -> Record:
    return receiving.unauthenticated(source(), came, reason)


def document(verdict: Verdict, kept: Accepted | NotKeptError | None = None) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(answer(verdict, kept).body)
    return parsed


class TestJudgeAnEvent:
    def test_the_record_holds_the_body_as_it_came_and_what_it_says(self) -> None:
        body = raw(message())
        verdict = judge(incoming(), body)
        record = verdict.record
        assert verdict.refusal is None
        assert not verdict.in_flight
        assert (record.kind, record.id, record.received_at) == (
            Kind.EVENT,
            "id1",
            1_800_000_001_000,
        )
        assert (record.trigger, record.app_id, record.sender) == ("after_message", "app1", "ada")
        assert (record.conversation_id, record.key) == ("group_harbour", "group_harbour")
        assert record.occurred_at == 1_800_000_000_000
        assert (record.body, record.size, record.headers) == (body, len(body), HEADERS)
        assert (record.status, record.reason, record.errors) == (200, None, None)
        assert len(verdict.duplicate_key) == 16
        assert verdict.has_time

    def test_an_event_of_no_conversation_and_no_user_is_ordered_by_its_own_id(self) -> None:
        verdict = judge(incoming(), raw({"trigger": "something_new", "data": {}, "appId": "app1"}))
        assert verdict.refusal is None
        assert verdict.record.key == "id1"

    @pytest.mark.parametrize(
        "changes",
        [
            {"id": 4711},
            {"sentAt": 1_800_000_000_000},
            {"sentAt": "1800000000"},
            {"metadata": None, "tags": None, "parentId": None, "resource": None},
            {"editedAt": 0},
            {"surprise": {"nobody": ["expects"]}},
        ],
        ids=lambda changes: ",".join(changes),
    )
    def test_what_clients_write_differently_is_accepted(self, changes: dict[str, Any]) -> None:
        assert judge(incoming(), raw(message(**changes))).refusal is None

    def test_an_app_that_is_allowed_may_send(self) -> None:
        assert judge(incoming(), raw(message()), {"app1", "app2"}).refusal is None


class TestJudgeARefusal:
    @pytest.mark.parametrize(
        "body, reason",
        [
            (b"", "not JSON"),
            (b"{", "not JSON"),
            (b"trigger=after_message", "not JSON"),
            (b'{"a": NaN}', "not JSON"),
            (b"\xff\xfe", "not JSON"),
            (b"[]", "not a JSON object but a list"),
            (b'"text"', "not a JSON object but a string"),
            (b"null", "not a JSON object but null"),
            (b"7", "not a JSON object but a number"),
        ],
    )
    def test_what_is_no_json_object_is_400(self, body: bytes, reason: str) -> None:
        verdict = judge(incoming(), body)
        assert verdict.record.kind is Kind.REFUSED
        assert (verdict.record.status, verdict.record.reason) == (400, f"the body is {reason}")
        assert verdict.record.body == body
        assert document(verdict)["detail"] == f"The body is {reason}; send one JSON object."

    @pytest.mark.parametrize("body", [raw(message()), b"text=hello", b""])
    def test_what_does_not_say_that_it_is_json_is_415_whatever_it_is(self, body: bytes) -> None:
        verdict = judge(incoming("application/x-www-form-urlencoded"), body)
        assert (verdict.record.status, verdict.record.body) == (415, body)
        assert verdict.record.reason == "the Content-Type is 'application/x-www-form-urlencoded'"

    @pytest.mark.parametrize("app_id, said", [("app9", "the app id 'app9'"), (None, "no app id")])
    def test_an_app_that_is_not_allowed_is_403(self, app_id: str | None, said: str) -> None:
        verdict = judge(incoming(), raw(message(app_id=app_id)), {"app1"})
        assert (verdict.record.status, verdict.record.app_id) == (403, app_id)
        assert verdict.record.reason == f"the body has {said}, which is not allowed"

    def test_a_foreign_app_is_refused_before_its_body_is_criticised(self) -> None:
        body = {"trigger": "after_message", "appId": "app9"}
        assert judge(incoming(), raw(body), {"app1"}).record.status == 403

    @pytest.mark.parametrize(
        "body, path",
        [
            ({"data": {}, "appId": "app1"}, "trigger"),
            ({"trigger": 7, "data": {}, "appId": "app1"}, "trigger"),
            ({"trigger": "after_message", "appId": "app1"}, "data"),
            ({"trigger": "after_message", "data": [5], "appId": "app1"}, "data"),
            (message(id=...), "data.id"),
            (message(id=["7"]), "data.id"),
        ],
        ids=["no trigger", "trigger", "no data", "data", "no id", "id"],
    )
    def test_what_does_not_fit_the_schema_is_422_with_the_paths(
        self, body: dict[str, Any], path: str
    ) -> None:
        verdict = judge(incoming(), raw(body))
        assert (verdict.record.status, verdict.record.reason) == (
            422,
            "the body does not fit the schema",
        )
        assert verdict.record.errors
        assert any(name.startswith(path) for name in verdict.record.errors)
        assert document(verdict)["errors"] == verdict.record.errors
        assert verdict.record.app_id == "app1"

    def test_a_defect_of_ours_keeps_the_body_and_names_only_its_type(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(body: dict[str, Any], _raw: bytes, **_options: Any) -> None:
            raise KeyError(body["data"]["data"]["text"])

        monkeypatch.setattr(cometchat.schemas, "parse", broken)
        verdict = judge(incoming(), raw(message()))
        assert verdict.refusal
        assert isinstance(verdict.refusal.cause, KeyError)
        assert (verdict.record.status, verdict.record.reason) == (
            500,
            "KeyError while the body was parsed",
        )
        assert verdict.record.body == raw(message())
        assert "tide" not in str(document(verdict))


class TestJudgeAMessageInFlight:
    def test_one_that_fits_is_an_event(self) -> None:
        verdict = judge(incoming(), raw(in_flight()))
        assert verdict.in_flight
        assert verdict.record.kind is Kind.EVENT
        assert verdict.record.key == "group_harbour"

    @pytest.mark.parametrize(
        "body, content_type, refused",
        [
            ({"trigger": "before_message", "appId": "app1"}, "application/json", 422),
            (in_flight(sender=...), "application/json", 422),
            (in_flight(), "text/plain", 415),
            ({**in_flight(), "appId": "app9"}, "application/json", 403),
        ],
        ids=["no data", "no sender", "content type", "foreign app"],
    )
    def test_one_that_does_not_is_kept_as_refused_and_let_through(
        self, body: dict[str, Any], content_type: str, refused: int
    ) -> None:
        verdict = judge(incoming(content_type), raw(body), {"app1"})
        assert verdict.in_flight
        assert verdict.refusal
        assert verdict.refusal.status == refused
        assert (verdict.record.kind, verdict.record.status) == (Kind.REFUSED, 200)
        given = answer(verdict, None)
        assert (given.status, given.body, given.outcome) == (200, b"{}", f"refused_{refused}")


class TestUnreadable:
    def test_a_body_that_is_too_large_is_413_and_nothing_of_it_is_kept(self) -> None:
        verdict = unreadable(incoming(), TooLargeError(1000))
        assert (verdict.record.status, verdict.record.body, verdict.record.size) == (413, b"", 0)
        assert verdict.record.reason == "the body has more than 1000 bytes"
        assert "COMETHOOKS_MAX_BODY" in document(verdict)["detail"]

    def test_a_body_that_broke_off_is_400(self) -> None:
        verdict = unreadable(incoming(), BrokenOffError("BlockingIOError"))
        assert (verdict.record.status, verdict.record.reason) == (
            400,
            "the body broke off: BlockingIOError",
        )


def test_of_a_stranger_neither_body_nor_name_is_kept() -> None:
    record = unauthenticated(incoming(), "wrong user name or password")
    assert (record.kind, record.status, record.body) == (Kind.REFUSED, 401, b"")
    assert record.reason == "wrong user name or password"


class TestAnswer:
    def test_an_event_is_answered_with_its_id(self) -> None:
        given = answer(judge(incoming(), raw(message())), Accepted("id1", duplicate=False))
        assert (given.status, given.body, given.outcome) == (200, b'{"id":"id1"}', "accepted")

    def test_a_duplicate_is_answered_with_the_id_of_the_first(self) -> None:
        given = answer(judge(incoming(), raw(message())), Accepted(FIRST, duplicate=True))
        assert json.loads(given.body) == {"id": FIRST, "duplicate": True}
        assert (given.status, given.outcome) == (200, "duplicate")

    @pytest.mark.parametrize("body", [message(), []], ids=["event", "refusal"])
    def test_what_could_not_be_kept_is_503_whatever_it_was(self, body: Any) -> None:
        given = answer(judge(incoming(), raw(body)), NotKeptError("Redis did not answer"))
        assert (given.status, given.outcome) == (503, "not_kept")

    @pytest.mark.parametrize(
        "kept, outcome",
        [
            (Accepted("id1", duplicate=False), "accepted"),
            (Accepted(FIRST, duplicate=True), "duplicate"),
            (NotKeptError("Redis did not answer"), "in_flight_lost"),
        ],
    )
    def test_a_message_in_flight_is_always_let_through(
        self, kept: Accepted | NotKeptError, outcome: str
    ) -> None:
        given = answer(judge(incoming(), raw(in_flight())), kept)
        assert (given.status, given.body, given.outcome) == (200, b"{}", outcome)


class TestIsJson:
    @pytest.mark.parametrize(
        "content_type",
        [
            "",
            "application/json",
            "Application/JSON",
            " application/json ",
            "application/json; charset=utf-8",
            "application/json;charset",
            "application/cloudevents+json",
            "application/vnd.CometChat+JSON; v=3",
        ],
    )
    def test_json_is_recognised_in_any_spelling(self, content_type: str) -> None:
        assert is_json(content_type)

    @pytest.mark.parametrize(
        "content_type",
        ["text/plain", "application/jsonp", "json", "+json", "multipart/form-data", "*/*"],
    )
    def test_everything_else_is_not(self, content_type: str) -> None:
        assert not is_json(content_type)


class TestHostileBodies:
    @pytest.mark.parametrize(
        "body",
        [
            raw(message(metadata={f"key{number}": number for number in range(10_000)})),
            raw({f"key{number}": number for number in range(10_000)}),
            b'{"data":' * 1000 + b"1" + b"}" * 1000,
            b"[" * 500_000,
            raw(message(metadata="x"))[:-1] + b',"n":' + b"9" * 100_000 + b"}",
            raw(message(trigger="t" * 900_000)),
            raw(message(conversationId="\ud83d")),
            raw(message(app_id="\ud83d\x00")),
        ],
        ids=[
            "10,000 keys",
            "10,000 at top",
            "1,000 levels",
            "open",
            "digits",
            "trigger",
            "surrogate",
            "app id",
        ],
    )
    def test_there_is_a_verdict_within_a_second(self, body: bytes) -> None:
        started = time.thread_time()
        verdict = judge(incoming(), body, {"app1"})
        answer(verdict, None if verdict.refusal else Accepted("id1", duplicate=False))
        assert time.thread_time() - started < 1
        assert verdict.refusal is None or verdict.refusal.status < 500


class TestATriggerInABrokenBody:
    @pytest.mark.parametrize(
        "body",
        [
            b'{"trigger": "before_message", "data": {"n": NaN}}',
            b'{"trigger":"before_message","data":' + b"[" * 5000 + b"]" * 5000 + b"}",
            b'{"trigger" : "before_message", "data": {',
        ],
        ids=["NaN", "5,000 levels", "cut off"],
    )
    def test_a_message_in_flight_is_let_through_and_kept_as_refused(self, body: bytes) -> None:
        verdict = judge(incoming(), body)
        assert verdict.in_flight
        assert verdict.record.kind is Kind.REFUSED
        assert answer(verdict, None).body == b"{}"

    @pytest.mark.parametrize(
        "body",
        [
            b'{"trigger": "after_message", "data": {',
            b'{"data": {"text": "\\"trigger\\":\\"before_message\\""',
            b"{",
        ],
    )
    def test_anything_else_is_no_message_in_flight(self, body: bytes) -> None:
        assert not judge(incoming(), body).in_flight
