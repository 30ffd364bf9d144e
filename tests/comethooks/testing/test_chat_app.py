"""`harness.cometchat`: an app at CometChat for tests of plugins."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from comethooks import ApiRefusedError, App, Context, Event, Plugin, Retry
from comethooks.testing import ChatCall, Delivery, Harness


def deliver(
    harness: Harness, function: Callable[[Any], Any], retry: Retry | None = None, **options: Any
) -> Delivery:
    """Deliver a message to a plugin that makes these calls."""
    plugin = Plugin("caller")

    @plugin.on("message.sent", retry=retry)
    def call(event: Event, ctx: Context) -> None:
        function(ctx.cometchat)

    harness.apps["app"] = App("app", "eu", "a key")
    return harness.deliver(plugin, "message_sent", set={"appId": "app"}, **options)


class TestWhatIsDone:
    """Calls change what the app has, as they do at CometChat."""

    def test_messages(self, harness: Harness) -> None:
        """Sent, changed, pinned, reacted to, read and deleted."""
        read: list[Any] = []

        def calls(api: Any) -> None:
            sent = api.send("Ada", "user", text="one", as_user="Bot")
            api.update_message(sent.id, text="two", tags=["new"])
            api.pin(sent.id)
            api.react(sent.id, "👍", "Ada")
            api.mark_unread(sent.id, "Ada", user="bot")
            read.extend([api.message(sent.id).text, api.message(sent.id).tags])
            other = api.send_as_bot("Host", "crew", "group", text="bye")
            read.append(api.delete_message(other.id))
            read.append(api.delete_message(other.id))

        assert deliver(harness, calls).run.state == "done"
        app = harness.cometchat
        assert read == ["two", ("new",), True, False]
        assert [(each.as_user, each.message.text) for each in app.sent] == [
            ("bot", "one"),
            ("host", "bye"),
        ]
        assert (app.pins, app.reactions) == (["1001"], {("1001", "👍", "ada")})
        assert app.unread == [("1001", "ada")]
        assert [*app.messages] == ["1001"]
        assert app.calls[0].body["receiver"] == "ada"
        assert app.calls[3] == ChatCall("app", "POST", "messages/1001/reactions/👍", {}, {}, "ada")

    def test_lists_come_in_pages(self, harness: Harness) -> None:
        """From either end."""
        for number in range(1, 6):
            harness.cometchat.has_message({"id": str(number), "sentAt": number})
        read: list[list[str]] = []

        def calls(api: Any) -> None:
            for asked in ({}, {"affix": "prepend"}, {"from_timestamp": 2, "to_timestamp": 3}):
                read.append([each.id for each in api.messages(limit=2, **asked)])

        deliver(harness, calls)
        assert read == [["1", "2", "3", "4", "5"], ["5", "4", "3", "2", "1"], ["2", "3"]]

    def test_people(self, harness: Harness) -> None:
        """In groups and out of them."""
        harness.cometchat.has_group("crew", Ada="admin", ben="participant", cy="participant")
        told: list[Any] = []

        def calls(api: Any) -> None:
            told.append([each.uid for each in api.members("crew")])
            told.extend([api.kick("crew", "BEN"), api.kick("crew", "ben")])
            told.extend([api.ban("crew", "cy"), api.ban("crew", "cy")])
            told.append(api.unban("crew", "nobody"))
            told.append(api.change_scope("crew", "ada", "moderator"))
            api.block("ada", ["ben"])
            api.deactivate(["cy", "ben"])
            api.reactivate(["ben"])
            api.review_flagged("7", "disapproved")

        assert deliver(harness, calls).run.state == "done"
        app = harness.cometchat
        assert told == [["ada", "ben", "cy"], True, False, True, False, False, True]
        assert app.groups == {"crew": {"ada": "moderator"}}
        assert (app.banned, app.blocked) == ({("crew", "cy")}, {("ada", "ben")})
        assert (app.deactivated, app.reviews) == ({"cy"}, {"7": "disapproved"})

    @pytest.mark.parametrize("signed", [True, False])
    def test_files(self, harness: Harness, signed: bool) -> None:
        """Of newer and older apps."""
        url = harness.cometchat.has_file("a.png", b"abc", content_type="image/png", signed=signed)
        read: list[Any] = []

        def calls(api: Any) -> None:
            with api.media(url) as media:
                read.extend([media.content_type, b"".join(media)])

        assert deliver(harness, calls).run.state == "done"
        assert read == ["image/png", b"abc"]


class TestWhatGoesWrong:
    """As a test wants it to."""

    def test_a_busy_app_is_asked_again_at_no_time(self, harness: Harness) -> None:
        """The clock of the harness moves."""
        harness.cometchat.has_message({"id": "7"})
        harness.cometchat.fail(429, retry_after=3)
        harness.cometchat.fail(503, times=2, path="messages/7")
        before = harness.clock.now
        assert deliver(harness, lambda api: api.message("7")).run.state == "done"
        assert 3 <= (harness.clock.now - before).total_seconds() < 12

    def test_it_refuses_with_a_code(self, harness: Harness) -> None:
        """Of those alone that are meant."""
        harness.cometchat.fail(400, code="ERR_UID_NOT_FOUND", path="groups/")
        assert deliver(harness, lambda api: api.send("a", "user", text="b")).run.state == "done"
        run = deliver(harness, lambda api: [*api.members("crew")]).run
        assert "CometChat answered 400 (ERR_UID_NOT_FOUND" in (run.error or "")

    def test_it_is_silent_or_slow(self, harness: Harness) -> None:
        """What takes 10 seconds is not waited for; a message may have been sent."""
        hello: Callable[[Any], Any] = lambda api: api.send("a", "user", text="b")  # noqa: E731
        harness.cometchat.silent()
        assert "(ReadTimeout)" in (deliver(harness, hello).run.error or "")
        harness.cometchat.slow(11)
        assert "(ReadTimeout)" in (deliver(harness, hello).run.error or "")
        harness.cometchat.slow(5)
        before = harness.clock.now
        assert deliver(harness, hello).run.state == "done"
        assert (harness.clock.now - before).total_seconds() == 5

    def test_a_body_that_lacks_something_is_refused(self, harness: Harness) -> None:
        """With what is lacking, as CometChat does."""
        with harness.cometchat.served() as url, httpx.Client() as client:
            answer = client.post(
                f"{url}/messages", json={"receiver": "a"}, headers={"appId": "app", "apiKey": "k"}
            )
        assert answer.status_code == 400
        error = answer.json()["error"]
        assert error["code"] == "ERR_BAD_REQUEST"
        assert {*error["details"]} == {"receiverType", "category", "type", "data"}

    def test_details_are_given_to_the_handler(self, harness: Harness) -> None:
        """In the exception."""
        found: list[Any] = []

        def calls(api: Any) -> None:
            with pytest.raises(ApiRefusedError) as caught:
                api.pin("404")
            found.append(caught.value.code)

        deliver(harness, calls)
        assert found == ["ERR_MSG_NOT_FOUND"]

    def test_times_begin_with_one(self, harness: Harness) -> None:
        with pytest.raises(ValueError, match="write how many times"):
            harness.cometchat.fail(times=0)


class TestServed:
    """The same behind a socket."""

    def test_it_is_asked_over_the_network(self, harness: Harness) -> None:
        """Whoever has no key is sent away; an unknown path is none."""
        headers = {"appId": "app", "apiKey": "k"}
        with harness.cometchat.served() as url, httpx.Client(headers=headers) as client:
            body = {
                "receiver": "ada",
                "receiverType": "user",
                "category": "message",
                "type": "text",
                "data": {"text": "hello"},
            }
            assert client.post(f"{url}/messages", json=body).json()["data"]["id"] == "1001"
            assert client.get(f"{url}/nothing").json()["error"]["code"] == "ERR_API_NOT_FOUND"
            assert client.post(f"{url}/messages", content=b"{").status_code == 400
            harness.cometchat.silent()
            with pytest.raises(httpx.ReadTimeout):
                client.get(f"{url}/messages/1001", timeout=0.1)
        assert [each.message.text for each in harness.cometchat.sent] == ["hello"]
