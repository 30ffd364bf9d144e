"""The plugin `notify`, given events as a worker gives them."""

import io
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx
import pytest

from comethooks.samples import APP_ID
from comethooks.testing import Harness
from comethooks.workers import logs
from comethooks.workers.states import OnceState, RunState
from tests.workers.notify.files import CHAT, RULE, SECRET, SINK
from tests.workers.notify.notified import TWO_SINKS, URL, notify


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
