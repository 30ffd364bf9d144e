"""`ctx.cometchat`: what CometChat is asked, and what becomes of a run by what it answers."""

from dataclasses import replace
from typing import Any

import pytest

from comethooks.schemas import Message
from comethooks.workers.cometchat.api_errors import ApiRefusedError, CometChatError
from comethooks.workers.cometchat.people_calls import Membership
from comethooks.workers.plugins.retry import Retry
from comethooks.workers.settings.apps import App
from comethooks.workers.states import RunState
from tests.cometchat import APP, REST_KEY, CometChat
from tests.workers.cometchat.conftest import Run


def hello(event: Any, ctx: Any) -> Message:
    return ctx.cometchat.send("ada", "user", text="hello")


class TestSend:
    def test_a_text_goes_to_a_user_as_the_app(self, run: Run, server: CometChat) -> None:
        """With the key of the app that the event is of, and a line among the effects."""
        result = run(hello)
        assert result.state is RunState.DONE
        [call] = server.calls
        assert (call.method, call.path) == ("POST", "/v3/messages")
        assert (call.headers["apikey"], call.headers["appid"]) == (REST_KEY, APP)
        assert "onbehalfof" not in call.headers
        [sent] = server.chat.sent
        assert (sent.message.text, sent.message.receiver.uid) == ("hello", "ada")
        assert (sent.message.category, sent.message.type) == ("message", "text")
        [line] = result.effects
        assert line.startswith(f"POST {server.url}/v3/messages → 200 in ")

    def test_data_goes_to_a_group_as_a_user_with_tags_and_metadata(
        self, run: Run, server: CometChat
    ) -> None:
        """Metadata of the data and what is given beside it are both there."""

        def order(event: Any, ctx: Any) -> None:
            ctx.cometchat.send(
                "crew",
                "group",
                data={"customData": {"order": 7}, "metadata": {"a": 1}},
                category="custom",
                type="order",
                as_user="bot",
                tags=["shop"],
                metadata={"b": 2},
                muid="order-7",
            )

        assert run(order).state is RunState.DONE
        [call] = server.calls
        assert call.headers["onbehalfof"] == "bot"
        assert call.body == {
            "receiver": "crew",
            "receiverType": "group",
            "category": "custom",
            "type": "order",
            "data": {
                "customData": {"order": 7},
                "metadata": {"a": 1, "b": 2, "comethooks": {"by": "shop", "muid": "order-7"}},
            },
            "muid": "order-7",
            "tags": ["shop"],
        }

    def test_what_is_given_is_the_message_that_cometchat_kept(self, run: Run) -> None:
        """With its id, and marked as the plugin's."""
        seen: list[Message] = []
        run(lambda event, ctx: seen.append(hello(event, ctx)))
        assert (seen[0].id, seen[0].sent_by) == ("1001", "shop")

    def test_every_attempt_sends_the_same_under_the_same_muid(
        self, run: Run, server: CometChat
    ) -> None:
        """Whatever else it sends before: so one that was kept without an answer is recognised."""

        def two(event: Any, ctx: Any) -> None:
            for text in ("one", "two", "two")[ctx.attempt - 1 :]:
                ctx.cometchat.send("ada", "user", text=text)

        run(two, attempt=1)
        run(two, attempt=2)
        run(two, event=2)
        muids = [sent.message.muid for sent in server.chat.sent]
        assert muids[3:5] == muids[1:3]
        assert len({*muids[:3], *muids[5:]}) == 6

    @pytest.mark.parametrize(
        ("given", "problem"),
        [
            ({}, "data: write either text or data"),
            ({"text": "a", "data": {}}, "data: write either text or data"),
            ({"text": "a", "receiver": ""}, "receiver: an id has 1 to 100 letters"),
            ({"text": "a", "receiver": "a b"}, "receiver: an id has 1 to 100 letters"),
            ({"text": "a", "receiver_type": "room"}, 'receiverType: write "user" or "group"'),
            ({"text": "a", "as_user": "bo\nt"}, "as_user: an id has 1 to 100 letters"),
            ({"text": "a", "type": ""}, "type: write what kind of message it is"),
            ({"text": "a", "tags": "shop"}, "tags: write a list of strings"),
            ({"text": "a", "tags": ["x"] * 26}, "tags: there are 26, and CometChat takes 25"),
            ({"text": "a", "tags": ["ok", "x" * 101]}, r"tags\[1\]: a tag has 1 to 100"),
            ({"text": "a" * 10_240}, "data: has 102.. characters of JSON"),
            ({"data": {"text": object()}}, "data: is no JSON"),
            ({"data": []}, "data: write an object"),
            ({"text": "a", "metadata": 7}, "metadata: write an object"),
            ({"data": {"metadata": "x"}}, "data.metadata: write an object"),
        ],
    )
    def test_what_cometchat_would_not_take_is_not_sent(
        self, run: Run, server: CometChat, given: dict[str, Any], problem: str
    ) -> None:
        """The run is dead, since another attempt would be the same, and says where it is wrong."""

        def send(event: Any, ctx: Any) -> None:
            said = {"receiver": "ada", "receiver_type": "user", **given}
            with pytest.raises(CometChatError, match=f"^{problem}"):
                ctx.cometchat.send(**said)
            ctx.cometchat.send(**said)

        assert run(send, retry=Retry()).state is RunState.DEAD
        assert server.calls == []

    def test_a_dry_run_sends_nothing_and_tells_what(self, run: Run, server: CometChat) -> None:
        """The handler gets the message that would be sent."""
        seen: list[Message] = []
        result = run(lambda event, ctx: seen.append(hello(event, ctx)), dry_run=True)
        assert (seen[0].id, seen[0].text, seen[0].sent_by) == ("", "hello", "shop")
        [line] = result.effects
        assert line.startswith(f"would POST {server.url}/v3/messages {{")
        assert '"text": "hello"' in line
        assert REST_KEY not in line
        assert server.calls == []


class TestApp:
    def test_without_a_key_the_error_names_the_setting(self, run: Run, server: CometChat) -> None:
        """And the line to write; nothing is sent, and nothing is tried again."""
        for app, app_id, said in (
            (App(APP, "eu"), APP, f"write COMETHOOKS_APPS={APP}:eu:restkey"),
            (None, "other", "the app other is not known, and so no REST key; write"),
            (None, None, "write COMETHOOKS_APPS=appid:region:restkey"),
        ):
            result = run(hello, app=app, app_id=app_id, retry=Retry())
            assert result.state is RunState.DEAD
            assert said in (result.error or "")
        assert server.calls == []

    def test_each_event_is_answered_by_its_own_app(self, run: Run, server: CometChat) -> None:
        """The key of one is not given to another."""
        other = replace(server.app, rest_key="0ther")
        assert "AUTH_ERR_APIKEY_NOT_FOUND" in (run(hello, app=other).error or "")
        assert server.calls[0].headers["apikey"] == "0ther"


class TestReading:
    def test_a_message_is_fetched(self, run: Run, server: CometChat) -> None:
        server.chat.has_message({"id": "7", "category": "message", "data": {"text": "kept"}})
        seen: list[str] = []
        run(lambda event, ctx: seen.append(ctx.cometchat.message("7").text))
        assert seen == ["kept"]

    def test_one_that_is_not_there_has_cometchats_code(self, run: Run) -> None:
        """For the handler that wants to go on without it."""
        seen: list[tuple[int, str]] = []

        def look(event: Any, ctx: Any) -> None:
            try:
                ctx.cometchat.message("8")
            except ApiRefusedError as error:
                seen.append((error.status, error.code))

        assert run(look).state is RunState.DONE
        assert seen == [(404, "ERR_MSG_NOT_FOUND")]

    def test_a_member_is_asked_for_by_one_call(self, run: Run, server: CometChat) -> None:
        """On behalf of the user; never for the list, which may be long."""
        server.chat.has_group("crew", ada="admin")
        seen: list[Membership] = []

        def look(event: Any, ctx: Any) -> None:
            seen.extend(ctx.cometchat.member("crew", uid) for uid in ("ada", "ben"))

        run(look)
        assert seen == [Membership(True, "admin"), Membership(False, None)]
        assert [(call.path, call.headers["onbehalfof"]) for call in server.calls] == [
            ("/v3/groups/crew", "ada"),
            ("/v3/groups/crew", "ben"),
        ]

    def test_a_refusal_since_he_has_not_joined_says_so_too(
        self, run: Run, server: CometChat
    ) -> None:
        server.faults = [(417, {"error": {"code": "ERR_GROUP_NOT_JOINED", "message": "no"}})]
        seen: list[Membership] = []
        run(lambda event, ctx: seen.append(ctx.cometchat.member("crew", "ada")))
        assert seen == [Membership(False, None)]

    @pytest.mark.parametrize("identifier", ["", ".", "..", "a b", "é", "x" * 101, None])
    def test_an_id_stays_in_its_place_in_the_path(
        self, run: Run, server: CometChat, identifier: Any
    ) -> None:
        """An empty one would ask for all messages, and a uid from outside is also a header."""

        def look(event: Any, ctx: Any) -> None:
            api = ctx.cometchat
            for call in (
                lambda: api.message(identifier),
                lambda: api.member(identifier, "ada"),
                lambda: api.member("crew", identifier or ""),
                lambda: api.mark_interacted(identifier, "ada", ["a"]),
                lambda: api.mark_interacted("7", identifier or "", ["a"]),
            ):
                with pytest.raises(CometChatError, match="an id has 1 to 100"):
                    call()

        assert run(look).state is RunState.DONE
        assert server.calls == []

    def test_a_slash_in_an_id_is_no_other_path(self, run: Run, server: CometChat) -> None:
        run(lambda event, ctx: ctx.cometchat.message("7/reactions?x"))
        assert server.calls[0].path == "/v3/messages/7%2Freactions%3Fx"


class TestMarkInteracted:
    def test_elements_are_marked_for_a_user(self, run: Run, server: CometChat) -> None:
        """As the user, which CometChat requires; no element is no call."""

        def mark(event: Any, ctx: Any) -> None:
            ctx.cometchat.mark_interacted("7", "ada", ("name", "submit"))
            ctx.cometchat.mark_interacted("7", "ada", [])

        assert run(mark).state is RunState.DONE
        [call] = server.calls
        assert (call.method, call.path) == ("PATCH", "/v3/messages/7/interacted")
        assert call.body == {"interactions": ["name", "submit"]}
        [marked] = server.chat.marked
        assert (marked.uid, marked.element_ids) == ("ada", ("name", "submit"))

    @pytest.mark.parametrize("ids", ["submit", ["", "a"]])
    def test_ids_are_a_list(self, run: Run, server: CometChat, ids: Any) -> None:
        """A string is no list of its letters."""
        result = run(lambda event, ctx: ctx.cometchat.mark_interacted("7", "ada", ids))
        assert "element_ids: write a list of ids" in (result.error or "")
        assert server.calls == []

    def test_a_200_that_says_no_is_a_refusal(self, run: Run, server: CometChat) -> None:
        server.faults = [(200, {"data": {"success": False, "message": "not interactive"}})]
        result = run(lambda event, ctx: ctx.cometchat.mark_interacted("7", "ada", ["a"]))
        assert result.state is RunState.DEAD
        assert "PATCH /messages/7/interacted: CometChat answered 200 (not interactive)" in (
            result.error or ""
        )


class TestFailures:
    @pytest.mark.parametrize(
        ("wait", "least", "most"),
        [("15", 15, 22.5), (None, 60, 90), ("soon", 60, 90), ("999999999", 3600, 5400)],
    )
    def test_a_429_is_tried_again_when_it_says(
        self, run: Run, server: CometChat, wait: str | None, least: float, most: float
    ) -> None:
        """Also for a handler without `retry`; without a time after a minute, which limits are by.

        Not at that very moment: those who were sent away together would come together again.
        """
        server.busy = [wait] * 8
        waits = []
        for _ in range(8):
            result = run(hello)
            assert result.state is RunState.RETRYING
            assert result.next_at is not None
            waits.append((result.next_at - result.finished_at) / 1000)
        assert least <= min(waits) < max(waits) <= most
        assert "POST /messages: CometChat answered 429 (ERR_TOO_MANY_REQUESTS: slower)" in (
            result.error or ""
        )
        assert server.chat.sent == []

    @pytest.mark.parametrize("status", [500, 503, 408])
    def test_a_failure_is_tried_again_as_the_handler_says(
        self, run: Run, server: CometChat, status: int
    ) -> None:
        """One without `retry` is dead, as after any other error."""
        server.faults = [(status, {"error": {"code": "ERR_X"}})] * 2
        assert run(hello, retry=Retry()).state is RunState.RETRYING
        assert run(hello).state is RunState.DEAD

    @pytest.mark.parametrize("status", [400, 401, 403, 404, 417, 301])
    def test_a_no_is_final(self, run: Run, server: CometChat, status: int) -> None:
        """With CometChat's code and words."""
        server.faults = [(status, {"error": {"code": "ERR_UID", "message": "no such uid"}})]
        result = run(hello, retry=Retry())
        assert result.state is RunState.DEAD
        assert f"CometChat answered {status} (ERR_UID: no such uid)" in (result.error or "")

    @pytest.mark.parametrize("answer", [b"<html>", [], {"error": "x"}, {"error": None}, b"", b"7"])
    def test_an_error_without_a_code_has_its_status(
        self, run: Run, server: CometChat, answer: Any
    ) -> None:
        server.faults = [(400, answer)]
        assert (run(hello).error or "").endswith("POST /messages: CometChat answered 400")

    @pytest.mark.parametrize("answer", [b"<html>", b"", b"[7]"])
    def test_a_success_that_cannot_be_read_is_no_answer(
        self, run: Run, server: CometChat, answer: bytes
    ) -> None:
        """A proxy gives such pages."""
        server.faults = [(200, answer)]
        assert "the answer is no JSON; is a proxy in between?" in (run(hello).error or "")

    def test_a_server_that_is_away_is_told_with_its_address(
        self, run: Run, server: CometChat
    ) -> None:
        """It may be the wrong one. It holds no secret, and no query."""
        away = replace(server.app, api="http://127.0.0.1:9")
        result = run(hello, app=away, retry=Retry())
        assert result.state is RunState.RETRYING
        said = "POST /messages: CometChat gave no answer at http://127.0.0.1:9 (ConnectError)"
        assert said in (result.error or "")

    def test_no_text_shows_the_key(self, run: Run, server: CometChat) -> None:
        """CometChat may quote it."""
        said = f"the key {REST_KEY} is wrong"
        server.faults = [
            (401, {"error": {"code": REST_KEY, "message": said}}),
            (200, {"data": {"success": False, "message": said}}),
            (503, {"error": {"code": "ERR", "message": said}}),
            (200, REST_KEY.encode()),
        ]
        for _ in range(4):
            assert REST_KEY not in repr(run(hello))
