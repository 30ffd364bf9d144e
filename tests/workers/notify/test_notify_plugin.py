"""The plugin `notify`, given events as a worker gives them."""

import io
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from comethooks import App
from comethooks.samples import APP_ID
from comethooks.testing import Harness, Request
from comethooks.workers import logs
from comethooks.workers.notify.notify_plugin import plugin_of
from comethooks.workers.notify.sinks import WebhookSink
from comethooks.workers.plugins.plugin import Plugin
from comethooks.workers.states import OnceState, RunState
from tests.workers.notify.files import CHAT, OLD_SECRET, RULE, SECRET, SINK, written

URL = "https://example.com/hook"
TWO_SINKS = RULE.replace('["orders"]', '["orders", "desk"]')
TOKEN = "k1.WyIyMzQ1YWJjIiwidSIsIm9yZGVyLTgiXQ." + "a" * 43


@pytest.fixture
def harness() -> Iterator[Harness]:
    """Delivers events, of an app that a REST key is known of."""
    with Harness() as made:
        made.apps[APP_ID] = App(APP_ID, "eu", "a key")
        yield made


def notify(folder: Path, text: str = SINK + RULE) -> Plugin:
    """The plugin that a file of this text says."""
    return plugin_of(written(folder, text))


def message(text: str) -> dict[str, Any]:
    """A message of ada, in a body as CometChat posts it."""
    sent = {
        "id": "57",
        "conversationId": "group_hikers",
        "sender": "ada",
        "receiver": "hikers",
        "receiverType": "group",
        "category": "message",
        "type": "text",
        "sentAt": 1_760_000_000,
        "data": {"text": text},
    }
    return {"trigger": "message_sent", "appId": APP_ID, "data": {"message": sent}}


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


class TestSinks:
    """Each by itself."""

    def test_what_one_does_not_take_is_told_to_no_other_again(
        self, harness: Harness, tmp_path: Path
    ) -> None:
        """Each has a run of its own."""
        harness.http.fail(status=500, times=3, url=URL)
        delivery = harness.deliver(notify(tmp_path, SINK + CHAT + TWO_SINKS), "message_sent")
        assert {run.handler: run.attempts for run in delivery.runs} == {
            "notify.orders": 4,
            "notify.desk": 1,
        }
        [sent] = harness.cometchat.sent
        assert sent.message.text == f"{delivery.event.sender.uid} wrote"
        assert (sent.message.receiver_type, sent.as_user) == ("group", None)

    def test_what_it_wrote_itself_is_told_to_nobody(self, harness: Harness, tmp_path: Path) -> None:
        """A rule for messages and a sink in CometChat would talk for ever."""
        plugin = notify(tmp_path, CHAT + RULE.replace("orders", "desk"))
        harness.deliver(plugin, "message_sent")
        [sent] = harness.cometchat.sent
        back = harness.deliver(plugin, body=sent.webhook, allow_unhandled=True)
        assert (back.runs, len(harness.cometchat.sent)) == ((), 1)

    def test_what_may_have_been_written_is_not_written_again(
        self, harness: Harness, tmp_path: Path
    ) -> None:
        """It is a dead letter, that somebody looks."""
        harness.http.fail(error=httpx.ReadTimeout)
        run = harness.deliver(
            notify(tmp_path, CHAT + RULE.replace("orders", "desk")), "message_sent"
        ).run
        assert (run.state, run.attempts) == (RunState.DEAD, 1)
        assert "desk: nobody knows whether it was sent" in (run.error or "")
        assert [*harness.once_keys.states.values()] == [OnceState.UNKNOWN]

    def test_what_was_surely_not_written_is_tried_again(
        self, harness: Harness, tmp_path: Path
    ) -> None:
        """Nobody was there to take it: five times in a run, and then in another one."""
        harness.http.fail(error=httpx.ConnectError, times=6)
        run = harness.deliver(
            notify(tmp_path, CHAT + RULE.replace("orders", "desk")), "message_sent"
        ).run
        assert (run.state, run.attempts) == (RunState.DONE, 2)

    def test_filters_leave_out_events(self, harness: Harness, tmp_path: Path) -> None:
        """As those of handlers do."""
        plugin = notify(tmp_path, f'{SINK}{RULE}where = {{ type = ["image", "video"] }}')
        delivery = harness.deliver(plugin, "message_sent", allow_unhandled=True)
        assert delivery.why_not == {"notify.orders": 'type is "text", not "image" or "video"'}
        assert len(harness.deliver(plugin, "message_sent", variant="image").runs) == 1


class TestTexts:
    """What is found out only with an event."""

    def test_one_that_cannot_be_filled_in_is_a_dead_letter(
        self, harness: Harness, tmp_path: Path
    ) -> None:
        """At once, with the place and the line; nothing is sent."""
        text = SINK + RULE.replace('"{{', '"""{# a comment #}\n{{').replace('wrote"', 'wrote"""')
        plugin = notify(tmp_path, text.replace("event.sender.uid", "event.completion.user"))
        run = harness.deliver(plugin, "message_sent").run
        assert (run.state, run.attempts) == (RunState.DEAD, 1)
        assert run.error == (
            "TemplateFailedError: rule[0].text, line 2: 'None' has no attribute 'user'"
        )
        assert harness.http.requests == []

    def test_one_that_is_empty_sends_nothing(self, harness: Harness, tmp_path: Path) -> None:
        """So a text may decide."""
        text = "{% if event.message.text == 'book' %}A booking{% endif %}"
        plugin = notify(tmp_path, SINK + RULE.replace("{{ event.sender.uid }} wrote", text))
        silent = harness.deliver(plugin, "message_sent", text="Hello").run
        assert (silent.state, silent.effects) == (
            RunState.DONE,
            ("not sent: the text is empty",),
        )
        harness.deliver(plugin, "message_sent", text="book")
        assert [request.json["text"] for request in harness.http.requests] == ["A booking"]


class TestReplays:
    """As of any handler that asks."""

    def test_a_dry_one_says_what_would_be_sent_and_sends_nothing(
        self, harness: Harness, tmp_path: Path
    ) -> None:
        """To all kinds of sinks."""
        apprise = '[[sink]]\nname = "phone"\nkind = "apprise"\nurl = "json://secret-host/"\n'
        rule = RULE.replace('["orders"]', '["orders", "desk", "phone"]')
        plugin = notify(tmp_path, SINK + CHAT + apprise + rule)
        event = harness.deliver(plugin, "message_sent", dry_run=True).event
        file = tmp_path / "events.jsonl"
        line = {
            "id": event.id,
            "received_at": event.received_at.isoformat(),
            "source": event.source,
            "trigger": event.trigger,
            "body": event.raw.decode(),
        }
        file.write_text(json.dumps(line))
        included = [
            bound.id
            for bound in harness.deliver(plugin, "message_sent", dry_run=True).plugins.handlers
        ]
        [replayed] = harness.replay(file, plugin, include=included, dry_run=True)
        said = "\n".join(replayed.effects)
        assert "would POST https://example.com/hook" in said
        assert f"would POST https://{APP_ID}.api-eu.cometchat.io/v3/messages" in said
        assert "would tell phone (json)" in said
        assert "secret-host" not in said
        assert (harness.http.requests, harness.cometchat.sent) == ([], [])
        assert dict(harness.once_keys.states) == {}


class TestApprise:
    """With a service that is there, and one that is not."""

    def test_a_text_is_told(
        self, harness: Harness, tmp_path: Path, listener: tuple[str, list[bytes]]
    ) -> None:
        """As it is, once."""
        address, bodies = listener
        sink = f'[[sink]]\nname = "phone"\nkind = "apprise"\nurl = "json://{address}/"\n'
        plugin = notify(tmp_path, sink + RULE.replace("orders", "phone"))
        delivery = harness.deliver(plugin, "message_sent", sender="<ada> & co")
        assert delivery.run.state is RunState.DONE, delivery.run.error
        harness.repeat(delivery)
        [body] = bodies
        assert json.loads(body)["message"] == "<ada> & co wrote"

    def test_a_service_that_nobody_knows_is_a_dead_letter(
        self, harness: Harness, tmp_path: Path
    ) -> None:
        """Only Apprise knows, so it is found out when it is asked."""
        sink = '[[sink]]\nname = "phone"\nkind = "apprise"\nurl = "nowhere://planted"\n'
        plugin = notify(tmp_path, sink + RULE.replace("orders", "phone"))
        run = harness.deliver(plugin, "message_sent").run
        assert (run.state, run.attempts) == (RunState.DEAD, 1)
        assert run.error == (
            "NoServiceError: phone: Apprise knows no service by its URL, which begins with"
            " nowhere://"
        )


@pytest.fixture
def listener() -> Iterator[tuple[str, list[bytes]]]:
    """The address of a server that takes everything, and what it was sent."""
    bodies: list[bytes] = []

    class Taking(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Taking) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"127.0.0.1:{server.server_port}", bodies
        server.shutdown()
        thread.join()


def test_no_output_shows_a_secret(
    harness: Harness, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Neither of a webhook nor of a service that Apprise does not reach."""
    log = io.StringIO()
    logs.configure("json", log)
    request.addfinalizer(logs.configure)
    apprise = (
        '[[sink]]\nname = "phone"\nkind = "apprise"\n'
        'url = "json://ada:plantedPassword@127.0.0.1:9/plantedPath"\n'
    )
    sink = SINK.replace(URL, "https://ada:plantedPassword@example.com/hook/plantedPath12345")
    rule = RULE.replace('["orders"]', '["orders", "phone"]')
    harness.http.fail(status=500)
    delivery = harness.deliver(notify(tmp_path, sink + apprise + rule), "message_sent")
    assert {run.state for run in delivery.runs} == {RunState.DEAD}
    errors = [run.error or "" for run in delivery.runs]
    assert "phone: it was not taken: A Connection error occurred" in errors[1]
    shown = "\n".join(str((run, run.error, run.traceback, run.effects)) for run in delivery.runs)
    assert "run failed" in log.getvalue()
    for text in (shown, log.getvalue(), repr(delivery)):
        assert "planted" not in text
        assert SECRET[6:] not in text
