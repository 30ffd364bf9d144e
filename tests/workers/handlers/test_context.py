"""What handlers do to the outside through their context: done when live, recorded in a dry run."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson
import pytest

from comethooks.schemas import OURS, Event
from comethooks.workers.clock import now_ms
from comethooks.workers.handlers.context import Context
from comethooks.workers.handlers.emit import DEEPEST, MOST_MADE, most_made
from comethooks.workers.handlers.outside import Services
from comethooks.workers.handlers.run import execute
from comethooks.workers.jobs.services import open_services
from comethooks.workers.journal import Journal, RunResult
from comethooks.workers.plugins.plugin import Plugin
from comethooks.workers.record import Record, event_of
from comethooks.workers.settings.apps import App
from comethooks.workers.settings.settings import Settings
from comethooks.workers.states import OnceState, RunState
from comethooks.workers.streams.backlog import waiting
from tests.redis_server import RedisServer
from tests.tables import make_tables
from tests.workers.engine import handler, record

Run = Callable[..., RunResult]
NESTED: dict[str, Any] = {}
"""Deeper than JSON may be."""
for _ in range(5000):
    NESTED = {"x": NESTED}


class Called(BaseHTTPRequestHandler):
    """Counts what is posted, and answers as the path says: `/500`, `/hang`, `/drop`."""

    requests: list[tuple[str, str, bytes]]
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.requests.append((self.command, self.path, body))  # type: ignore[attr-defined]
        if self.path == "/drop":
            self.close_connection = True
            return
        if self.path == "/hang":
            self.server.ended.wait(3)  # type: ignore[attr-defined]
        self.send_response(500 if self.path == "/500" else 200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


class Counting(ThreadingHTTPServer):
    """A server whose threads end with it, though clients keep their connections."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Called)
        self.requests: list[tuple[str, str, bytes]] = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.ended = threading.Event()
        self._connections: list[socket.socket] = []

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        self._connections.append(connection)
        return connection, address

    def end(self) -> None:
        self.ended.set()
        self.shutdown()
        self.server_close()
        for connection in self._connections:
            with suppress(OSError):  # it was closed
                connection.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def called() -> Iterator[Any]:
    """A server that counts."""
    server = Counting()
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
    )
    thread.start()
    yield server
    server.end()


@pytest.fixture
def settings(tmp_path: Any, redis_server: RedisServer) -> Settings:
    return Settings.load({"COMETHOOKS_DATA_DIR": str(tmp_path), "REDIS_URL": redis_server.url})


@pytest.fixture
def journal(settings: Settings) -> Iterator[Journal]:
    make_tables(settings.database_url)
    opened = Journal.open(settings.database_url)
    yield opened
    opened.close()


@pytest.fixture
def services(settings: Settings, journal: Journal) -> Services:
    return open_services(settings, journal)


@pytest.fixture
def run(services: Services) -> Run:
    """Runs a function as the handler `shop.handler`."""

    def run(function: Callable[..., Any], kept: Record | None = None, **options: Any) -> RunResult:
        event = event_of(kept or record(1, 1))
        bound = handler(function, "shop.handler", timeout=options.pop("timeout", 30.0))
        return execute(bound, event, services, **options)

    return run


def test_a_context_knows_the_app_of_its_event(settings: Settings, journal: Journal) -> None:
    """By its id; one that is not configured is none."""
    known = (App("a1", "eu", "hush"), App("b2", "in"))
    services = open_services(replace(settings, apps=known), journal)
    seen: list[App | None] = []
    bound = handler(lambda event, ctx: seen.append(ctx.app), "shop.handler")
    for app_id in ("b2", "a1", "c3", None):
        execute(bound, event_of(replace(record(1, 1), app_id=app_id)), services)
    assert seen == [known[1], known[0], None, None]


class TestHttp:
    def test_a_request_is_sent_and_told_in_a_line_without_its_body(
        self, run: Run, called: Any
    ) -> None:
        """Nor with a token in its address."""
        url = f"{called.url}/in?token=s3cret"
        result = run(
            lambda event, ctx: ctx.http.post(url, json={"text": "hello"}).raise_for_status()
        )
        assert result.state is RunState.DONE
        assert called.requests == [("POST", "/in?token=s3cret", b'{"text":"hello"}')]
        [line] = result.effects
        assert line.startswith(f"POST {called.url}/in?token=*** → 200 in ")
        assert "hello" not in line

    def test_in_a_dry_run_nothing_is_sent_and_everything_is_told(
        self, run: Run, called: Any
    ) -> None:
        """The handler gets a 200 and goes on."""
        answers: list[int] = []

        def call(event: Any, ctx: Any) -> None:
            answers.append(ctx.http.post(called.url, json={"a": 1, "password": "x"}).status_code)
            answers.append(ctx.http.get(f"{called.url}/list", params={"q": "é"}).status_code)

        result = run(call, dry_run=True)
        assert (called.requests, answers) == ([], [200, 200])
        assert result.effects == (
            f'would POST {called.url} {{"a": 1, "password": "***"}}',
            f"would GET {called.url}/list?q=***",
        )

    def test_an_answer_that_takes_longer_than_the_run_has_is_not_waited_for(
        self, run: Run, called: Any
    ) -> None:
        """The request ends before the handler is interrupted."""
        result = run(lambda event, ctx: ctx.http.post(f"{called.url}/hang"), timeout=0.3)
        assert result.state is RunState.DEAD
        assert "ReadTimeout" in (result.error or "")
        assert result.effects[0].endswith("→ ReadTimeout")

    def test_effects_without_end_are_told_by_the_first(self, run: Run) -> None:
        """And how many more there were."""
        result = run(
            lambda event, ctx: [ctx.http.get(f"http://nowhere.example/{n}") for n in range(60)],
            dry_run=True,
        )
        assert len(result.effects) == 51
        assert result.effects[-1] == "… and 10 more"


class TestOnce:
    @staticmethod
    def greet(url: str) -> Callable[[Any, Any], None]:
        def greet(event: Any, ctx: Any) -> None:
            with ctx.once("greeted") as first:
                if first:
                    ctx.http.post(url).raise_for_status()

        return greet

    def test_whatever_comes_second_does_not_do_it_again(
        self, run: Run, called: Any, journal: Journal
    ) -> None:
        """An attempt, a duplicate, a replay: the key tells."""
        results = [run(self.greet(called.url), record(number, 1)) for number in range(3)]
        assert [result.state for result in results] == [RunState.DONE] * 3
        assert len(called.requests) == 1
        assert "once 'greeted': done" in results[0].effects
        assert results[1].effects == ("once 'greeted': not entered, it is done",)

    def test_a_key_is_another_one_in_another_app(self, run: Run, called: Any) -> None:
        """The uid of one app may be somebody else in the next."""
        for app_id in ("a1", "b2", None, "a1"):
            run(self.greet(called.url), replace(record(1, 1), app_id=app_id))
        assert len(called.requests) == 3

    def test_a_block_that_raises_has_not_done_it(self, run: Run, called: Any) -> None:
        """The next attempt tries again."""
        assert run(self.greet(f"{called.url}/500")).state is RunState.DEAD
        assert run(self.greet(called.url)).state is RunState.DONE
        assert len(called.requests) == 2

    def test_a_request_without_an_answer_may_have_arrived(
        self, run: Run, called: Any, journal: Journal
    ) -> None:
        """Nobody knows, so it is not sent again."""
        kept = record(1, 1)
        assert run(self.greet(f"{called.url}/drop"), kept).state is RunState.DEAD
        assert run(self.greet(called.url)).effects == (
            "once 'greeted': not entered, it is unknown",
        )
        assert len(called.requests) == 1
        [known] = journal.once_of(kept.id, now_ms())
        assert (known.key, known.plugin, known.state) == ("greeted", "shop", OnceState.UNKNOWN)

    def test_a_server_that_is_not_there_was_not_reached(self, run: Run, called: Any) -> None:
        """So the next attempt does it."""
        assert run(self.greet("http://127.0.0.1:9")).state is RunState.DEAD
        assert run(self.greet(called.url)).state is RunState.DONE
        assert len(called.requests) == 1

    def test_who_comes_while_another_is_in_the_block_comes_again_later(self, run: Run) -> None:
        """It does not wait in its thread, and that is no attempt."""
        inside, leave = threading.Event(), threading.Event()

        def slow(event: Any, ctx: Any) -> None:
            with ctx.once("slow"):
                inside.set()
                leave.wait(10)

        thread = threading.Thread(target=run, args=(slow,))
        thread.start()
        inside.wait(10)
        late = run(slow, record(2, 2))
        leave.set()
        thread.join()
        assert (late.state, late.attempts) == (RunState.RETRYING, 0)
        assert (late.error or "").startswith("NotYet: another run is in the block of once('slow')")

    def test_a_dry_run_neither_takes_nor_keeps_a_key(self, run: Run, called: Any) -> None:
        """It tells what would happen."""
        dry = run(self.greet(called.url), dry_run=True)
        assert dry.effects == ("once 'greeted': would be entered", f"would POST {called.url}")
        run(self.greet(called.url))
        assert run(self.greet(called.url), dry_run=True).effects == (
            "once 'greeted': is done already",
        )
        assert len(called.requests) == 1

    @pytest.mark.parametrize("key", ["", "x" * 201, None])
    def test_a_key_is_a_short_text(self, run: Run, key: Any) -> None:
        """Anything else is the handler's mistake."""
        assert "a key is a string of 1 to 200" in (
            run(lambda event, ctx: ctx.once(key)).error or ""
        )


class TestEmit:
    def test_it_is_kept_with_its_parent_before_it_returns(
        self, run: Run, redis_server: RedisServer
    ) -> None:
        """In the conversation of the event that it was made of."""
        kept = record(1, 1)
        made: list[str] = []
        result = run(lambda event, ctx: made.append(ctx.emit("flagged", {"word": "x"})), kept)
        assert result.state is RunState.DONE
        with redis_server.client() as client:
            [found] = [each for _, each in waiting(client, range(16))]
        assert (found.id, found.source, found.trigger) == (made[0], OURS, "shop.flagged")
        assert (found.conversation_id, found.app_id) == (kept.conversation_id, kept.app_id)
        event = event_of(found)
        assert (event.parent, event.depth, event.payload["data"]) == (kept.id, 1, {"word": "x"})
        assert result.effects == (f"emitted shop.flagged as {made[0]}",)

    def test_a_second_attempt_makes_the_same_event_and_a_second_one_another(
        self, run: Run, redis_server: RedisServer
    ) -> None:
        """Ids are derived from event, handler, name, data and number."""
        ids: list[str] = []

        def twice(event: Any, ctx: Any) -> None:
            ids.extend([ctx.emit("flagged", {}), ctx.emit("flagged", {})])

        kept = record(1, 1)
        for _ in range(2):
            run(twice, kept)
        assert ids[:2] == ids[2:]
        assert ids[0] != ids[1]

    def test_an_attempt_in_another_order_makes_the_same_events(self, run: Run) -> None:
        """None is taken for another one, so no data is lost; the order of keys is nothing."""
        kept = record(1, 1)
        ids: dict[int, list[str]] = {1: [], 2: []}

        def several(event: Any, ctx: Any) -> None:
            found = [{"word": "x", "at": 1}, {"word": "y", "at": 2}]
            for each in found if ctx.attempt == 1 else reversed(found):
                ids[ctx.attempt].append(ctx.emit("flagged", dict(reversed(each.items()))))

        for attempt in (1, 2):
            run(several, kept, attempt=attempt)
        assert ids[1] == ids[2][::-1]
        assert len(set(ids[1])) == 2

    def test_data_has_the_limit_of_bodies(
        self, settings: Settings, journal: Journal, redis_server: RedisServer
    ) -> None:
        """What is more is the handler's mistake, live and in a dry run, and the error says the
        limit.
        """
        services = open_services(replace(settings, max_body=500), journal)
        bound = handler(lambda event, ctx: ctx.emit("flagged", {"text": "x" * 400}), "shop.handler")
        event = event_of(record(1, 1))
        for dry_run in (False, True):
            error = execute(bound, event, services, dry_run=dry_run).error or ""
            assert "may have 500 (COMETHOOKS_MAX_BODY)" in error
        with redis_server.client() as client:
            assert not list(waiting(client, range(16)))
        fits = handler(lambda event, ctx: ctx.emit("flagged", {"text": "x" * 200}), "shop.handler")
        assert execute(fits, event, services).state is RunState.DONE

    @pytest.mark.parametrize("drops, found", [(True, "***"), (False, "s3cret")])
    def test_secrets_are_dropped_as_of_what_is_received(
        self,
        settings: Settings,
        journal: Journal,
        redis_server: RedisServer,
        drops: bool,
        found: str,
    ) -> None:
        """When the settings say so."""
        services = open_services(replace(settings, drop_secrets=drops), journal)
        data = {"user": {"uid": "ada", "authToken": "s3cret"}}
        execute(
            handler(lambda event, ctx: ctx.emit("seen", data)), event_of(record(1, 1)), services
        )
        with redis_server.client() as client:
            [kept] = [each for _, each in waiting(client, range(16))]
        assert event_of(kept).payload["data"] == {"user": {"uid": "ada", "authToken": found}}

    def test_halves_of_surrogate_pairs_are_replaced(
        self, run: Run, redis_server: RedisServer
    ) -> None:
        """Bodies may hold them: what a handler passes on is kept, under the same id each time."""
        data = {"\ud83d": ["a\udc00b", {"x": ("\ud83d", 1, None)}], "when": datetime(2026, 1, 2)}
        ids: list[str] = []
        parent = record(1, 1)
        for _ in range(2):
            result = run(lambda event, ctx: ids.append(ctx.emit("seen", data)), parent)
            assert result.state is RunState.DONE
        with redis_server.client() as client:
            [kept] = [each for _, each in waiting(client, range(16))]
        assert ids == [kept.id] * 2
        assert event_of(kept).payload["data"] == {
            "\ufffd": ["a\ufffdb", {"x": ["\ufffd", 1, None]}],
            "when": "2026-01-02T00:00:00",
        }

    def test_events_of_events_end_at_a_depth(self, run: Run, redis_server: RedisServer) -> None:
        """A loop is the handler's mistake, and told so."""
        parent = record(1, 1)
        for depth in range(1, DEEPEST + 2):
            result = run(lambda event, ctx: ctx.emit("again", {}), parent)
            if depth > DEEPEST:
                break
            with redis_server.client() as client:
                parent = max(
                    (each for _, each in waiting(client, range(16))),
                    key=lambda each: event_of(each).depth,
                )
            assert event_of(parent).depth == depth
        assert "is this a loop?" in (result.error or "")

    def test_a_run_makes_only_so_many_and_fewer_the_deeper_they_are(self, run: Run) -> None:
        """A handler that answers each of its own events with many would fill Redis otherwise."""
        made: list[int] = []

        def many(event: Event, ctx: Context) -> None:
            made.append(0)
            for number in range(MOST_MADE + 1):
                ctx.emit("again", {"number": number})
                made[-1] += 1

        result = run(many, dry_run=True)
        assert "this run has made 1000 events already" in (result.error or "")
        body = {"trigger": "shop.again", "appId": "a", "data": {}}
        parent = {"id": "0", "handler": "shop.handler", "depth": 1}
        deeper = replace(record(1, 1), source=OURS, trigger="shop.again")
        run(many, replace(deeper, body=orjson.dumps({**body, "parent": parent})), dry_run=True)
        assert made == [MOST_MADE, MOST_MADE // 10]
        assert most_made(DEEPEST) == 1

    def test_in_a_dry_run_it_is_only_told(self, run: Run, redis_server: RedisServer) -> None:
        """With what would be in it."""
        result = run(lambda event, ctx: ctx.emit("flagged", {"word": "x"}), dry_run=True)
        assert result.effects == ('would emit shop.flagged {"word": "x"}',)
        with redis_server.client() as client:
            assert not list(waiting(client, range(16)))

    @pytest.mark.parametrize(
        "name, data",
        [("Flagged", {}), ("a.b", {}), ("", {}), ("ok", {"x": object()}), ("ok", NESTED)],
    )
    def test_names_and_data_are_checked(self, run: Run, name: str, data: Any) -> None:
        """The error says what to write."""
        assert "ValueError: emit(" in (run(lambda event, ctx: ctx.emit(name, data)).error or "")

    @pytest.mark.parametrize(
        "pattern, fits",
        [
            ("*", False),
            ("shop.flagged", True),
            ("shop.*", True),
            ("*.flagged", False),
            ("message.*", False),
        ],
    )
    def test_only_handlers_that_name_the_plugin_get_it(self, pattern: str, fits: bool) -> None:
        """`*` means what comes from outside."""
        plugin = Plugin("reader")

        @plugin.on(pattern)
        def read(event: Any, ctx: Any) -> None:
            """Read."""

        assert plugin.handlers[0].matches("shop.flagged", None, OURS) is fits
