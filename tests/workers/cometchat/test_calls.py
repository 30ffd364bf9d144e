"""Every call of `ctx.cometchat`: what CometChat is sent for it, and what its answers come to."""

from collections.abc import Callable
from typing import Any

import pytest

from comethooks.workers.cometchat.api_errors import ApiRefusedError, CometChatError, PinsFullError
from comethooks.workers.states import RunState
from tests.cometchat import CometChat
from tests.workers.cometchat.conftest import Run

Made = tuple[str, str, Any, str | None]
"""Method, path, body, and the user that it is made as."""

CALLS: dict[str, tuple[Callable[[Any], Any], Made]] = {
    "update_message": (
        lambda api: api.update_message("7", text="new", tags=["a"], as_user="Ada"),
        ("PUT", "messages/7", {"data": {"text": "new"}, "tags": ["a"]}, "ada"),
    ),
    "delete_message": (
        lambda api: api.delete_message("7"),
        ("DELETE", "messages/7", {"permanent": False}, None),
    ),
    "delete_message for good": (
        lambda api: api.delete_message("7", permanent=True, as_user="ada"),
        ("DELETE", "messages/7", {"permanent": True}, "ada"),
    ),
    "pin": (lambda api: api.pin("7", as_user="ada"), ("POST", "messages/7/pin", None, "ada")),
    "unpin": (lambda api: api.unpin("7"), ("DELETE", "messages/7/pin", None, None)),
    "react": (
        lambda api: api.react("7", "👍🏽", "ada"),
        ("POST", "messages/7/reactions/%F0%9F%91%8D%F0%9F%8F%BD", None, "ada"),
    ),
    "react with a key": (
        lambda api: api.react("7", "#️⃣", "ada"),
        ("POST", "messages/7/reactions/%23%EF%B8%8F%E2%83%A3", None, "ada"),
    ),
    "unreact": (
        lambda api: api.unreact("7", "a/b", "ada"),
        ("DELETE", "messages/7/reactions/a%2Fb", None, "ada"),
    ),
    "mark_unread of a user": (
        lambda api: api.mark_unread("7", "Ada", user="Ben"),
        ("DELETE", "users/ben/conversation/read", {"messageId": "7"}, "ada"),
    ),
    "mark_unread of a group": (
        lambda api: api.mark_unread("7", "ada", group="Crew"),
        ("DELETE", "groups/Crew/conversation/read", {"messageId": "7"}, "ada"),
    ),
    "kick": (
        lambda api: api.kick("crew", "Ada"),
        ("DELETE", "groups/crew/members/ada", None, None),
    ),
    "ban": (
        lambda api: api.ban("crew", "Ada", as_user="Mo"),
        ("POST", "groups/crew/bannedusers/ada", None, "mo"),
    ),
    "unban": (
        lambda api: api.unban("crew", "ada"),
        ("DELETE", "groups/crew/bannedusers/ada", None, None),
    ),
    "change_scope": (
        lambda api: api.change_scope("crew", "Ada", "admin"),
        ("PUT", "groups/crew/members/ada", {"scope": "admin"}, None),
    ),
    "block": (
        lambda api: api.block("Ada", ["Ben", "cy"]),
        ("POST", "users/ada/blockedusers", {"blockedUids": ["ben", "cy"]}, None),
    ),
    "unblock": (
        lambda api: api.unblock("ada", ("ben",)),
        ("DELETE", "users/ada/blockedusers", {"blockedUids": ["ben"]}, None),
    ),
    "deactivate": (
        lambda api: api.deactivate(["Ada"]),
        ("DELETE", "users", {"uidsToDeactivate": ["ada"]}, None),
    ),
    "reactivate": (
        lambda api: api.reactivate(["ada"]),
        ("PUT", "users", {"uidsToActivate": ["ada"]}, None),
    ),
    "review_blocked": (
        lambda api: api.review_blocked("7", "rejected"),
        ("PATCH", "moderation/blocked-messages/7", {"status": "rejected"}, None),
    ),
    "review_flagged": (
        lambda api: api.review_flagged("7", "disapproved"),
        ("PATCH", "moderation/flagged-messages/7", {"status": "disapproved"}, None),
    ),
}
DONE = (200, {"data": {"success": True, "message": "It is done."}})


def of(function: Callable[[Any], Any], given: list[Any]) -> Callable[[Any, Any], None]:
    """A handler that makes a call and keeps what it gives."""
    return lambda event, ctx: given.append(function(ctx.cometchat))


def no(code: str, status: int = 400) -> tuple[int, Any]:
    """An answer that refuses."""
    return status, {"error": {"code": code, "message": "no", "details": {"field": ["why"]}}}


@pytest.mark.parametrize("name", CALLS)
def test_each_is_made_as_the_reference_has_it(run: Run, server: CometChat, name: str) -> None:
    """Method, path, body and the user; uids are in lower case, as they are at CometChat."""
    call, made = CALLS[name]
    server.faults = [DONE]
    assert run(of(call, [])).state is RunState.DONE
    [asked] = server.calls
    path = asked.path.removeprefix("/v3/")
    assert (asked.method, path, asked.body, asked.headers.get("onbehalfof")) == made


@pytest.mark.parametrize("name", CALLS)
def test_a_dry_run_makes_none(run: Run, server: CometChat, name: str) -> None:
    """It says what it would do."""
    result = run(of(CALLS[name][0], []), dry_run=True)
    assert result.state is RunState.DONE
    assert result.effects[0].startswith(f"would {CALLS[name][1][0]} ")
    assert server.calls == []


@pytest.mark.parametrize(
    ("call", "codes"),
    [
        (lambda api: api.delete_message("7"), ["ERR_MSG_NOT_FOUND", "ERR_MESSAGE_ID_NOT_FOUND"]),
        (
            lambda api: api.kick("crew", "ada"),
            ["ERR_NOT_A_MEMBER", "ERR_GROUP_NOT_JOINED", "ERR_UID_NOT_FOUND", "ERR_GUID_NOT_FOUND"],
        ),
        (lambda api: api.ban("crew", "ada"), ["ERR_ALREADY_BANNED"]),
        (lambda api: api.unban("crew", "ada"), ["ERR_NOT_A_BANNED_USER"]),
        (lambda api: api.change_scope("crew", "ada", "admin"), ["ERR_SAME_SCOPE"]),
    ],
)
def test_what_is_so_already_is_no_error(
    run: Run, server: CometChat, call: Callable[[Any], Any], codes: list[str]
) -> None:
    """A repeated attempt would die of it otherwise. Other refusals are errors."""
    for code in codes:
        given: list[Any] = []
        server.faults = [no(code, 404), DONE]
        run(of(call, given))
        run(of(call, given))
        assert given == [False, True]
    server.faults = [no("ERR_GROUP_NO_CLEARANCE", 403)]
    assert run(of(call, [])).state is RunState.DEAD


def test_a_refusal_has_code_message_and_details(run: Run, server: CometChat) -> None:
    """For handlers that look."""
    given: list[ApiRefusedError] = []

    def look(event: Any, ctx: Any) -> None:
        try:
            ctx.cometchat.unpin("7")
        except ApiRefusedError as error:
            given.append(error)

    server.faults = [no("ERR_BAD_REQUEST")]
    run(look)
    [error] = given
    assert (error.status, error.code, error.message) == (400, "ERR_BAD_REQUEST", "no")
    assert error.details == {"field": ["why"]}


def test_a_conversation_full_of_pins_says_what_to_do(run: Run, server: CometChat) -> None:
    """In the error of the run, and as a class of its own."""
    server.faults = [no("ERR_PINNED_MESSAGES_LIMIT_EXCEEDED")]

    def pin(event: Any, ctx: Any) -> None:
        with pytest.raises(PinsFullError, match="at most 100 pins: unpin one first"):
            ctx.cometchat.pin("7")

    assert run(pin).state is RunState.DONE


def test_one_of_several_that_is_refused_is_named(run: Run, server: CometChat) -> None:
    """CometChat answers for each of them."""
    told = {"ada": {"success": True}, "ben": {"success": False, "message": "unknown"}}
    server.faults = [(200, {"data": told})]
    result = run(lambda event, ctx: ctx.cometchat.deactivate(["ada", "ben"]))
    assert "DELETE /users: CometChat answered 200 (ben: unknown)" in (result.error or "")


def test_what_was_changed_is_given_as_it_is_now(run: Run, server: CometChat) -> None:
    """CometChat answers with an action about the message."""
    entity = {"id": "7", "category": "message", "type": "text", "data": {"text": "new"}}
    action = {
        "id": "8",
        "category": "action",
        "data": {"action": "edited", "entities": {"on": {"entity": entity}}},
    }
    given: list[Any] = []
    for answer in (action, entity):
        server.faults = [(200, {"data": answer})]
        run(of(lambda api: api.update_message("7", text="new"), given))
    assert [(each.id, each.text) for each in given] == [("7", "new")] * 2


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        (lambda api: api.update_message("7"), "data: write what is to be changed"),
        (lambda api: api.update_message("7", text="a", data={}), "data: write either text or"),
        (lambda api: api.update_message("7", tags="a"), "tags: write a list of strings"),
        (lambda api: api.update_message("7", text="a" * 10_240), "data: has 102.. characters"),
        (lambda api: api.update_message("", text="a"), "message_id: an id has 1 to 100"),
        (lambda api: api.react("7", "", "ada"), "emoji: write one emoji"),
        (lambda api: api.react("7", "..", "ada"), "emoji: write one emoji"),
        (lambda api: api.mark_unread("7", "ada"), "user: write either user or group"),
        (lambda api: api.mark_unread("", "ada", user="b"), "message_id: an id has 1 to 100"),
        (lambda api: api.kick("crew", ".."), "uid: an id has 1 to 100"),
        (lambda api: api.change_scope("crew", "ada", "owner"), "scope: write one of admin"),
        (lambda api: api.block("ada", "ben"), "uids: write a list of uids"),
        (lambda api: api.deactivate([]), "uids: write a list of uids"),
        (lambda api: api.review_blocked("7", "disapproved"), "status: write one of approved, rej"),
        (lambda api: api.messages(limit=1001), "limit: a page has 1 to 1000"),
        (lambda api: api.messages(affix="after"), 'affix: write "append" or "prepend"'),
        (lambda api: api.send_as_bot("a b", "ada", "user", text="a"), "bot: an id has 1 to 100"),
    ],
)
def test_what_cannot_be_asked_for_is_not(
    run: Run, server: CometChat, call: Callable[[Any], Any], problem: str
) -> None:
    """It says where it is wrong."""

    def make(event: Any, ctx: Any) -> None:
        with pytest.raises(CometChatError, match=f"^{problem}"):
            call(ctx.cometchat)

    assert run(make).state is RunState.DONE
    assert server.calls == []


class TestSpellings:
    """Paths that CometChat's documentation has in two spellings."""

    def test_the_second_is_tried_and_remembered(self, run: Run, server: CometChat) -> None:
        """By the process, for all calls of that kind."""
        server.faults = [no("ERR_API_NOT_FOUND", 404), DONE, DONE]
        for call in (lambda api: api.ban("crew", "ada"), lambda api: api.unban("crew", "ada")):
            assert run(of(call, [])).state is RunState.DONE
        assert [call.path.split("/")[4] for call in server.calls] == [
            "bannedusers",
            "banned_members",
            "banned_members",
        ]

    def test_where_a_thing_is_not_there_the_path_was_right(
        self, run: Run, server: CometChat
    ) -> None:
        server.faults = [no("ERR_GUID_NOT_FOUND", 404)]
        assert run(lambda event, ctx: ctx.cometchat.ban("crew", "ada")).state is RunState.DEAD
        assert len(server.calls) == 1

    def test_where_neither_is_there_nothing_is_remembered(
        self, run: Run, server: CometChat
    ) -> None:
        """The error is that of the first."""
        server.faults = [(404, {}), (404, {}), DONE]
        result = run(lambda event, ctx: ctx.cometchat.ban("crew", "ada"))
        assert "POST /groups/crew/bannedusers/ada: CometChat answered 404" in (result.error or "")
        run(lambda event, ctx: ctx.cometchat.ban("crew", "ada"))
        assert server.calls[-1].path.endswith("bannedusers/ada")


class TestPages:
    """Lists that come in pages."""

    def test_messages_follow_the_cursor(self, run: Run, server: CometChat) -> None:
        """What the next page is asked for with stands under `meta.next`, as an object or a link."""
        server.faults = [
            (200, {"data": [{"id": "1"}], "meta": {"next": {"affix": "append", "id": 1}}}),
            (200, {"data": [{"id": "2"}], "meta": {"next": "https://example.com/x?id=2"}}),
            (200, {"data": [{"id": "3"}], "meta": {"next": None}}),
        ]
        given: list[str] = []

        def read(event: Any, ctx: Any) -> None:
            found = ctx.cometchat.messages(from_timestamp=5, to_timestamp=9, limit=1)
            given.extend(message.id for message in found)

        assert run(read).state is RunState.DONE
        assert given == ["1", "2", "3"]
        first = {"limit": "1", "affix": "append", "fromTimestamp": "5", "toTimestamp": "9"}
        assert [call.query for call in server.calls] == [
            first,
            {**first, "id": "1"},
            {**first, "id": "2"},
        ]

    def test_they_are_fetched_as_they_are_asked_for(self, run: Run, server: CometChat) -> None:
        """And no more than `most`."""
        page = {"data": [{"id": "1"}, {"id": "2"}], "meta": {"next": {"id": 2}}}
        server.faults = [(200, page)]
        given: list[str] = []

        def read(event: Any, ctx: Any) -> None:
            given.append(next(ctx.cometchat.messages()).id)
            given.extend(message.id for message in ctx.cometchat.messages(most=1))

        server.faults *= 2
        assert run(read).state is RunState.DONE
        assert (given, len(server.calls)) == (["1", "1"], 2)

    def test_a_page_that_is_its_own_next_ends_it(self, run: Run, server: CometChat) -> None:
        """The last one says no other border than it was asked for with, and brings nothing new."""
        last = {"data": [{"id": "2", "sentAt": 9}], "meta": {"next": {"fromTimestamp": 9}}}
        both = [{"id": "1", "sentAt": 5}, *last["data"]]
        server.faults = [(200, {**last, "data": both}), (200, last)]
        given: list[str] = []
        run(lambda event, ctx: given.extend(each.id for each in ctx.cometchat.messages()))
        assert given == ["1", "2"]
        assert [call.query.get("fromTimestamp") for call in server.calls] == [None, "9"]

    def test_a_second_with_more_than_a_page_is_passed_by(self, run: Run, server: CometChat) -> None:
        """CometChat gives no others of it; what is later is not left out because of that."""
        full = {"data": [{"id": "1", "sentAt": 5}], "meta": {"next": {"fromTimestamp": 5}}}
        later = {"data": [{"id": "3", "sentAt": 8}], "meta": {}}
        server.faults = [(200, full), (200, full), (200, later)]
        given: list[str] = []

        def read(event: Any, ctx: Any) -> None:
            found = ctx.cometchat.messages(from_timestamp=5, limit=1)
            given.extend(message.id for message in found)

        assert run(read).state is RunState.DONE
        assert given == ["1", "3"]
        assert [call.query["fromTimestamp"] for call in server.calls] == ["5", "5", "6"]

    def test_a_full_page_without_times_that_is_its_own_next_is_an_error(
        self, run: Run, server: CometChat
    ) -> None:
        """Since it is not known what is left out."""
        server.faults = [(200, {"data": [{"id": "1"}], "meta": {"next": {"id": 1}}})] * 3
        result = run(lambda event, ctx: [*ctx.cometchat.messages(limit=1)])
        assert "the next page is the same again" in (result.error or "")

    def test_members_come_by_numbers_of_pages(self, run: Run, server: CometChat) -> None:
        """As they are in events."""
        pages = {"pagination": {"total_pages": 2}}
        server.faults = [
            (200, {"data": [{"uid": "ada", "scope": "admin"}], "meta": pages}),
            (200, {"data": [{"uid": "ben"}], "meta": pages}),
        ]
        given: list[Any] = []
        run(lambda event, ctx: given.extend(ctx.cometchat.members("crew")))
        assert [(each.uid, each.scope) for each in given] == [("ada", "admin"), ("ben", None)]
        assert [call.query for call in server.calls] == [
            {"perPage": "1000", "page": "1"},
            {"perPage": "1000", "page": "2"},
        ]


def test_a_bot_writes_by_its_own_path(run: Run, server: CometChat) -> None:
    """With the same body, mark and muid as other messages."""
    server.faults = [(200, {"data": {"id": "9"}})]
    given: list[Any] = []
    run(of(lambda api: api.send_as_bot("Host", "crew", "group", text="hello"), given))
    [call] = server.calls
    assert (call.method, call.path) == ("POST", "/v3/bots/host/messages")
    assert call.body["data"]["metadata"]["comethooks"]["by"] == "shop"
    assert "onbehalfof" not in call.headers
    assert given[0].id == "9"
