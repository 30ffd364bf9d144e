"""The calls, over HTTP."""

import pytest

from comethooks.management import (
    KeyRefusedError,
    Management,
    ManagementError,
    NotFoundError,
    RefusedError,
    TooManyRequestsError,
    UnreachableError,
    UnreadableError,
)
from comethooks.workers.settings.settings import ManagementKey
from tests.cometchat import APP, KEY

FIELDS = {"id": "h1", "name": "h1", "webhookURL": "https://example.com/x", "password": "pass123"}


class TestCalls:
    @pytest.mark.parametrize("wrapping", [0, 1, 2])
    def test_a_webhook_is_made_read_changed_and_removed(self, api, server, wrapping) -> None:
        """However the answers are wrapped."""
        server.wrapping = wrapping
        api.create(FIELDS)
        assert api.webhook("h1").url == "https://example.com/x"
        api.update("h1", {"name": "other"})
        assert api.webhook("h1").name == "other"
        api.delete("h1")
        assert server.webhooks == {}

    def test_triggers_are_added_listed_and_removed(self, api, server) -> None:
        server.has("h1")
        server.unknown = {"odd"}
        results = api.add_triggers("h1", ["message_sent", "odd"])
        assert [(each.trigger, each.success) for each in results] == [
            ("message_sent", True),
            ("odd", False),
        ]
        assert api.triggers("h1") == ["message_sent"]
        assert [each.success for each in api.remove_triggers("h1", ["message_sent"])] == [True]
        assert api.triggers("h1") == []

    def test_every_page_is_read(self, api, server) -> None:
        for number in range(25):
            server.has(f"h{number}")
        server.page_size = 10
        assert [each.id for each in api.webhooks()] == [f"h{number}" for number in range(25)]
        assert len(server.calls) == 3

    def test_a_server_that_knows_no_pages_is_asked_no_more(self, api, server) -> None:
        """It would repeat the first page for ever."""
        for number in range(25):
            server.has(f"h{number}")
        server.ignores_pages = True
        assert len(api.webhooks()) == 10
        assert len(server.calls) == 2

    def test_current_webhooks_are_asked_for_with_a_version(self, api, server) -> None:
        server.has("h1")
        assert [each.id for each in api.webhooks()] == ["h1"]
        assert server.calls[0].headers["x-webhook-version"] == "2"

    def test_legacy_ones_without(self, server) -> None:
        server.has("h1")
        server.legacy = True
        with Management(APP, KEY, legacy=True, base_url=f"{server.url}/") as api:
            assert [each.id for each in api.webhooks()] == ["h1"]
        assert "x-webhook-version" not in server.calls[0].headers

    def test_what_stands_in_a_path_stays_in_its_place(self, api, server) -> None:
        server.has("a/b?c")
        with pytest.raises(NotFoundError):
            api.webhook("a/b?c")
        assert server.calls[0].path == f"/apps/{APP}/webhooks/a%2Fb%3Fc"


class TestErrors:
    def test_a_key_of_another_kind_is_explained(self, server) -> None:
        """The REST key of an app gets the same answer as an app that does not exist."""
        with (
            Management(APP, ManagementKey("restkey1", "none"), base_url=server.url) as api,
            pytest.raises(NotFoundError, match="REST key of an app gets this answer too") as caught,
        ):
            api.webhooks()
        assert (caught.value.status, caught.value.code) == (404, "ERR_NOT_FOUND")
        assert "restkey1" not in str(caught.value)

    @pytest.mark.parametrize("status", [401, 403])
    def test_a_wrong_key_is_called_one(self, api, server, status) -> None:
        server.faults = [(status, {"error": {"code": "AUTH_ERR"}})]
        with pytest.raises(KeyRefusedError, match="COMETCHAT_MGMT_KEY and COMETCHAT_MGMT_SECRET"):
            api.webhooks()

    def test_another_refusal_has_cometchats_words(self, api, server) -> None:
        server.faults = [(400, {"error": {"code": "ERR_BAD", "message": "the URL is odd"}})]
        with pytest.raises(RefusedError) as caught:
            api.create(FIELDS)
        assert str(caught.value) == "CometChat answered 400 (ERR_BAD: the URL is odd)"

    @pytest.mark.parametrize("answer", [b"<html>", [], {"error": "x"}, {"error": None}, b""])
    def test_one_without_them_has_its_status(self, api, server, answer) -> None:
        server.faults = [(500, answer)]
        with pytest.raises(RefusedError) as caught:
            api.webhooks()
        assert str(caught.value) == "CometChat answered 500"

    def test_a_200_that_says_no_is_a_refusal(self, api, server) -> None:
        server.faults = [(200, {"data": {"success": False, "message": "in use"}})]
        with pytest.raises(RefusedError, match="in use"):
            api.delete("h1")

    def test_no_error_shows_a_secret(self, api, server) -> None:
        """CometChat may quote what was sent."""
        said = f"bad value pass123 for {KEY.key} and {KEY.secret}"
        server.faults = [
            (400, {"error": {"code": KEY.key, "message": said}}),
            (200, {"success": False, "message": said}),
        ]
        for _ in range(2):
            with pytest.raises(ManagementError) as caught:
                api.create(FIELDS)
            assert not any(
                secret in str(caught.value) for secret in ("pass123", KEY.key, KEY.secret)
            )

    def test_what_is_no_json_is_not_understood(self, api, server) -> None:
        server.faults = [(200, b"<html>")]
        with pytest.raises(UnreadableError, match="no JSON"):
            api.webhooks()

    def test_a_webhook_that_is_not_in_the_answer_is_an_error(self, api, server) -> None:
        server.faults = [(200, {"data": []})]
        with pytest.raises(UnreadableError, match="holds no webhook"):
            api.webhook("h1")

    def test_nobody_there_is_said(self) -> None:
        with (
            Management(APP, KEY, base_url="http://127.0.0.1:9") as api,
            pytest.raises(UnreachableError, match=r"127\.0\.0\.1 gave no answer \(ConnectError\)"),
        ):
            api.webhooks()


class TestBusy:
    def test_the_time_that_is_named_is_waited(self, api, server, waits) -> None:
        server.has("h1")
        server.busy = ["3", "1"]
        assert [each.id for each in api.webhooks()] == ["h1"]
        assert waits == [3.0, 1.0]

    @pytest.mark.parametrize("named", [None, "soon", "٣"])
    def test_without_one_it_is_longer_each_time(self, api, server, waits, named) -> None:
        server.busy = [named if named is None else named.encode().decode("latin-1")] * 3
        api.webhooks()
        assert waits == [2.0, 4.0, 8.0]

    def test_after_three_times_it_gives_up(self, api, server, waits) -> None:
        server.busy = ["1"] * 4
        with pytest.raises(TooManyRequestsError, match=r"try again in 1 second\b"):
            api.webhooks()
        assert (waits, len(server.calls)) == ([1.0] * 3, 4)

    def test_a_long_time_is_told_and_not_waited(self, api, server, waits) -> None:
        server.busy = ["3600"]
        with pytest.raises(TooManyRequestsError) as caught:
            api.webhooks()
        assert (waits, caught.value.retry_after) == ([], 3600.0)
