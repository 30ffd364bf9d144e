"""The webhooks of the plugin `notify`, as the specification of Standard Webhooks has them."""

import json
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from standardwebhooks import Webhook

from comethooks.testing import Harness, Request
from comethooks.workers.notify.sinks import WebhookSink
from comethooks.workers.states import RunState
from tests.workers.notify.files import OLD_SECRET, RULE, SECRET, SINK
from tests.workers.notify.notified import TOKEN, URL, message, notify


def signatures(request: Request, *secrets: str) -> list[str]:
    """What the library of the specification signs a request with."""
    at = datetime.fromtimestamp(int(request.headers["webhook-timestamp"]), UTC)
    return [Webhook(each).sign(request.headers["webhook-id"], at, request.text) for each in secrets]


class TestWebhooks:
    """As the specification of Standard Webhooks has them."""

    def test_a_webhook_tells_of_the_event(self, harness: Harness, tmp_path: Path) -> None:
        """With its body and the text, under its id."""
        plugin = notify(tmp_path)
        delivery = harness.deliver(plugin, "message_sent", sender="ada", text="Hello")
        [request] = harness.http.requests
        event = delivery.event
        assert (request.method, request.url) == ("POST", URL)
        assert request.headers["webhook-id"] == event.id
        assert request.headers["content-type"] == "application/json"
        body = request.json
        assert list(body) == ["type", "timestamp", "id", "app", "data", "text"]
        assert (body["type"], body["id"], body["app"]) == ("message.sent", event.id, event.app_id)
        assert datetime.fromisoformat(body["timestamp"]) == event.occurred_at
        assert body["data"]["data"]["message"]["data"]["text"] == "Hello"
        assert body["text"] == "ada wrote"
        assert delivery.run.handler == "notify.orders"

    def test_every_secret_signs(self, harness: Harness, tmp_path: Path) -> None:
        """The first one first, with blanks between: while one replaces another, both are good."""
        text = SINK.replace(f'"{SECRET}"', f'"{SECRET}", "{OLD_SECRET}"') + RULE
        harness.deliver(notify(tmp_path, text), "message_sent")
        [request] = harness.http.requests
        signed = request.headers["webhook-signature"].split(" ")
        assert signed == signatures(request, SECRET, OLD_SECRET)

    @pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York"])
    def test_the_time_is_that_of_the_epoch(
        self, harness: Harness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, zone: str
    ) -> None:
        """Wherever the worker is: the library would take local time for that of UTC."""
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        try:
            harness.deliver(notify(tmp_path), "message_sent")
        finally:
            monkeypatch.undo()
            time.tzset()
        [request] = harness.http.requests
        assert abs(int(request.headers["webhook-timestamp"]) - harness.clock() // 1000) <= 1
        assert request.headers["webhook-signature"] == signatures(request, SECRET)[0]

    def test_what_is_sent_is_what_was_signed(self, harness: Harness, tmp_path: Path) -> None:
        """Also of what no UTF-8 can be made."""
        text = SINK + RULE.replace("event.sender.uid", "event.message.text")
        body = json.dumps(message("half \ud800 🎂")).encode()
        run = harness.deliver(notify(tmp_path, text), body=body).run
        assert run.state is RunState.DONE, run.error
        [request] = harness.http.requests
        assert request.headers["webhook-signature"] == signatures(request, SECRET)[0]
        assert request.json["text"] == "half \ufffd 🎂 wrote"

    def test_a_repeat_has_the_same_id_and_a_time_of_its_own(
        self, harness: Harness, tmp_path: Path
    ) -> None:
        """So that whoever gets it twice knows, and whoever recorded it cannot send it again."""
        harness.http.fail(status=500, times=2)
        harness.deliver(notify(tmp_path), "message_sent")
        assert len(harness.http.requests) == 3
        assert len({each.headers["webhook-id"] for each in harness.http.requests}) == 1
        assert len({each.headers["webhook-timestamp"] for each in harness.http.requests}) > 1
        assert len({each.content for each in harness.http.requests}) == 1

    def test_one_that_got_no_answer_is_sent_again(self, harness: Harness, tmp_path: Path) -> None:
        """It may have been taken: whoever takes it twice goes by its id."""
        harness.http.fail(error=httpx.ReadTimeout, times=1)
        run = harness.deliver(notify(tmp_path), "message_sent").run
        assert (run.state, run.attempts, len(harness.http.requests)) == (RunState.DONE, 2, 2)

    def test_one_that_was_taken_is_not_sent_again(self, harness: Harness, tmp_path: Path) -> None:
        """Neither when the run is repeated after a crash."""
        first = harness.deliver(notify(tmp_path), "message_sent")
        again = harness.repeat(first)
        assert len(harness.http.requests) == 1
        assert "not entered, it is done" in again.effects[0]

    @pytest.mark.parametrize("status", [302, 400, 404, 408, 500, 502, 504])
    def test_whatever_is_no_success_is_tried_again(
        self, harness: Harness, tmp_path: Path, status: int
    ) -> None:
        """For up to three days."""
        harness.http.fail(status=status)
        run = harness.deliver(notify(tmp_path), "message_sent").run
        assert (run.state, run.attempts) == (RunState.DEAD, WebhookSink.retry.attempts)
        assert (run.error or "").startswith(f"NotTakenError: orders: it answered {status}")
        assert "example.com" not in (run.error or "") + (run.traceback or "")

    @pytest.mark.parametrize(
        ("status", "headers", "least", "most"),
        [
            (429, {"Retry-After": "120"}, 120, 180),
            (503, {"Retry-After": "120"}, 120, 180),
            (429, {}, 60, 90),
            (429, {"Retry-After": "-1, soon"}, 60, 90),
        ],
    )
    def test_who_asks_to_wait_is_waited_for(
        self,
        harness: Harness,
        tmp_path: Path,
        status: int,
        headers: dict[str, str],
        least: int,
        most: int,
    ) -> None:
        """And a little longer, since many may have been sent away together."""
        harness.http.respond(status, headers=headers, times=1)
        run = harness.deliver(notify(tmp_path), "message_sent", retries=False).run
        assert run.state is RunState.RETRYING
        assert run.stored.next_at is not None
        assert least <= (run.stored.next_at - harness.clock()) / 1000 <= most
        harness.clock.advance(most)
        assert run.state is RunState.DONE

    def test_after_410_nothing_more_is_sent(self, harness: Harness, tmp_path: Path) -> None:
        """The first one is a dead letter, that somebody sees it; the rest is done with."""
        plugin = notify(tmp_path)
        harness.http.respond(410)
        first = harness.deliver(plugin, "message_sent").run
        assert (first.state, first.attempts) == (RunState.DEAD, 1)
        assert "orders answered 410, so it gets nothing more" in (first.error or "")
        second = harness.deliver(plugin, "message_sent").run
        assert second.state is RunState.DONE
        assert second.effects == (
            "not sent: orders answered 410, so it gets nothing more until the file of notify is"
            " changed",
        )
        assert len(harness.http.requests) == 1

    def test_after_410_a_changed_file_has_it_asked_again(
        self, harness: Harness, tmp_path: Path
    ) -> None:
        """And the dead letter may be retried."""
        harness.http.respond(410, times=1)
        dead = harness.deliver(notify(tmp_path), "message_sent").run
        changed = notify(tmp_path, f"{SINK}{RULE}# it is back\n")
        assert harness.deliver(changed, "message_sent").run.state is RunState.DONE
        assert dead.state is RunState.DEAD
        assert len(harness.http.requests) == 2

    def test_secrets_of_the_body_are_masked(self, harness: Harness, tmp_path: Path) -> None:
        """So are the URLs for presses, which whoever has them may press."""
        url = f"https://chat.example.com/interactions/{TOKEN}"
        text = SINK + RULE.replace("{{ event.sender.uid }}", "{{ event.message.text }}")
        harness.deliver(
            notify(tmp_path, text),
            "message_sent",
            text=f"press {url}",
            set={"data.message.data.entities.sender.entity.authToken": "plantedToken"},
        )
        [request] = harness.http.requests
        assert TOKEN not in request.text
        assert "plantedToken" not in request.text
        assert request.json["text"] == "press https://chat.example.com/interactions/*** wrote"

    def test_rules_with_one_sink_have_ids_of_their_own(
        self, harness: Harness, tmp_path: Path
    ) -> None:
        """To whoever takes them, two messages with one id would be one."""
        text = SINK + RULE + RULE.replace("[[rule]]", '[[rule]]\nname = "all"')
        delivery = harness.deliver(notify(tmp_path, text), "message_sent")
        assert [run.handler for run in delivery.runs] == ["notify.orders", "notify.orders_all"]
        ids = [request.headers["webhook-id"] for request in harness.http.requests]
        assert ids == [delivery.event.id, f"{delivery.event.id}_all"]
