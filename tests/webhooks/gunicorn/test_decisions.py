"""Decisions of plugins under a real gunicorn: who waits for them, and who does not."""

import gzip
import json
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from comethooks.workers.record import Kind
from comethooks.workers.settings.settings import Settings
from comethooks.workers.streams.backlog import waiting
from tests import bodies
from tests.application import Kept
from tests.redis_server import RedisServer
from tests.relay import relayed
from tests.waiting import wait_for
from tests.webhooks.samples import PASSWORD, USER, in_flight, message, raw
from tests.webhooks.serving import Client, Served, free_port, served

DECIDER = """
from comethooks import Decision, Plugin

plugin = Plugin("guard")

@plugin.decide("before_message")
def judge(event, ctx):
    {body}
"""
SLEEPING = "import time; time.sleep(10)"
BY_CHANCE = 'import random; return random.choice([Decision.allow(), Decision.drop("x")])'
DROPPED = b'{"action":"do_not_propagate"}'
BUDGET = 0.4

Serve = Callable[..., Served]


@pytest.fixture
def serve(redis_server: RedisServer, tmp_path: Path) -> Iterator[Serve]:
    """A gunicorn of one process, with a plugin that is this code, and what else is set."""
    with ExitStack() as stack:

        def start(code: str, **variables: str) -> Served:
            folder = tmp_path / "data" / "plugins"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "guard.py").write_text(code)
            environ = {
                "COMETHOOKS_BASIC_AUTH": f"{USER}:{PASSWORD}",
                "COMETHOOKS_DATA_DIR": str(tmp_path / "data"),
                "COMETHOOKS_DECISION_BUDGET_MS": f"{BUDGET * 1000:.0f}",
                "REDIS_URL": redis_server.url,
                "PORT": str(free_port()),
                "WEB_CONCURRENCY": "1",
                **variables,
            }
            directory = tmp_path / f"run{len(list(tmp_path.iterdir()))}"
            directory.mkdir()
            return stack.enter_context(served(Settings.load(environ), directory))

        yield start


def decided(client: Client, text: str) -> bytes:
    """The answer to a message in flight with this text."""
    client.post(raw(in_flight(data={"text": text})))
    status, _, body = client.answer()
    assert status == 200
    return body


def test_a_slow_decider_keeps_nobody_else_waiting(serve: Serve) -> None:
    """Each message has its answer when the budget is over, and other webhooks have theirs at once,
    although there are more of them than threads.
    """
    server = serve(DECIDER.format(body=SLEEPING))
    slow, others = ([server.client() for _ in range(40)] for _ in range(2))
    decided(slow[0], "so that plugins are loaded")
    began = time.monotonic()
    for number, client in enumerate(slow):
        client.post(raw(in_flight(data={"text": str(number)})))
    for number, client in enumerate(others):
        client.post(raw(message(id=str(number))))
    assert all(client.answer()[0] == 200 for client in others)
    assert time.monotonic() - began < BUDGET
    assert [client.answer()[2] for client in slow] == [b"{}"] * len(slow)
    assert BUDGET <= time.monotonic() - began < BUDGET + 0.4


def test_however_a_message_arrives_it_waits_for_its_decision_alone(serve: Serve) -> None:
    """Inflated, in pieces, large, or with a head that gunicorn has to read."""
    server = serve(DECIDER.format(body='import time; time.sleep(0.2); return Decision.drop("x")'))
    body = raw(in_flight())
    packed, large = gzip.compress(body), raw(in_flight(data={"text": "x" * 100_000}))
    chunked = {"Transfer-Encoding": "chunked", "Content-Length": ""}
    sent: list[tuple[bytes, dict[str, str]]] = [
        (body, {}),
        (packed, {"Content-Encoding": "gzip"}),
        (large, {}),
        (body, {"Expect": "100-continue"}),
        (b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body), chunked),
    ]
    clients = [server.client() for _ in sent]
    for client, (data, headers) in zip(clients, sent, strict=True):
        client.post(data, headers)
    assert [_final(client) for client in clients] == [(200, DROPPED)] * len(clients)
    assert [_again(client) for client in clients] == [(200, DROPPED)] * len(clients)


def _final(client: Client) -> tuple[int, bytes]:
    status, _, body = client.answer()
    return _final(client) if status == 100 else (status, body)


def _again(client: Client) -> tuple[int, bytes]:
    client.post(raw(in_flight()))
    return _final(client)


def test_equal_messages_at_once_get_one_verdict(serve: Serve, kept: Kept) -> None:
    """Fifty, of which each is decided on by chance."""
    server = serve(DECIDER.format(body=BY_CHANCE), WEB_CONCURRENCY="2")
    clients = [server.client() for _ in range(50)]
    for turn in range(3):
        for client in clients:
            client.post(raw(in_flight(data={"text": str(turn)})))
        assert len(Counter(client.answer()[2] for client in clients)) == 1
    kinds = Counter(record.kind for record in kept())
    assert kinds == {Kind.EVENT: 3, Kind.DUPLICATE: 147}


def test_questions_of_moderation_are_decided_on_like_messages(serve: Serve, kept: Kept) -> None:
    """Equal ones get one verdict, another rule may get another one, and nobody waits for a slow
    decider but who is asked about.
    """
    code = DECIDER.replace("before_message", "moderation_requested")
    server = serve(code.format(body=f"{SLEEPING} if event.rule == 'slow' else 0; {BY_CHANCE}"))
    clients, slow = [server.client() for _ in range(50)], server.client()
    asked = raw(bodies.body("moderation_requested")["data"])
    slow.post(asked, path="/moderation?app=app1&rule=slow")
    for client in clients:
        client.post(asked, path="/moderation?app=app1&rule=scam")
    assert len(Counter(client.answer()[2] for client in clients)) == 1
    status, _, answer = slow.answer()
    assert (status, json.loads(answer)["isMatchingCondition"]) == (200, False)
    kinds = Counter(record.kind for record in kept())
    assert kinds == {Kind.EVENT: 2, Kind.DUPLICATE: 49}


def test_a_repeat_gets_the_verdict_of_who_was_killed_before_the_answer(
    serve: Serve, own_redis_server: RedisServer, tmp_path: Path
) -> None:
    """Between keeping the message and answering it, though nobody would decide so any more."""
    with relayed(own_redis_server) as relay, own_redis_server.client() as redis:
        server = serve(DECIDER.format(body='return Decision.drop("x")'), REDIS_URL=relay.url)
        first = server.client()
        assert decided(first, "so that plugins are loaded") == DROPPED
        (tmp_path / "data/plugins/guard.py").write_text(DECIDER.format(body="return None"))
        relay.delay = 0.25
        first.post(raw(in_flight()))
        wait_for(lambda: sum(1 for _ in waiting(redis, range(16))) == 2, "it is kept")
        for process in workers_of(server):
            os.kill(process, signal.SIGKILL)
        relay.delay = 0.0
        with pytest.raises((ConnectionError, IndexError)):
            first.answer()
        again = server.client()
        assert decided(again, "another") == b"{}"
        again.post(raw(in_flight()))
        assert again.answer()[2] == DROPPED


def workers_of(server: Served) -> list[int]:
    """The processes that serve."""
    pid = server.process.pid
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_a_decider_that_rests_is_told_by_readyz(serve: Serve) -> None:
    """After five failures in a row."""
    server = serve(DECIDER.format(body="raise ValueError"))
    client = server.client()
    for number in range(6):
        assert decided(client, str(number)) == b"{}"
    wait_for(lambda: "deciders" in degraded(server), "it is told")
    assert degraded(server)["deciders"].startswith("guard.judge rests in 1 of 1 web process;")


def degraded(server: Served) -> dict[str, str]:
    """What /readyz says is degraded."""
    client = server.client()
    client.send(b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    found = json.loads(client.answer()[2])["degraded"]
    client.close()
    return {each["what"]: each["detail"] for each in found}


@pytest.mark.parametrize("body", [SLEEPING, 'return Decision.drop("x")'], ids=["late", "at once"])
def test_redis_that_hangs_makes_no_answer_later(
    serve: Serve, own_redis_server: RedisServer, body: str
) -> None:
    """Than 400 ms after the budget, for nobody: they are answered what was decided."""
    server = serve(
        DECIDER.format(body=body),
        REDIS_URL=own_redis_server.url,
        COMETHOOKS_ON_DECISION_FAILURE="drop",
    )
    clients = [server.client() for _ in range(12)]
    assert decided(clients[0], "so that plugins are loaded") == DROPPED
    own_redis_server.freeze()
    began = time.monotonic()
    for number, client in enumerate(clients):
        client.post(raw(in_flight(data={"text": str(number)})))
    assert [client.answer()[2] for client in clients] == [DROPPED] * len(clients)
    assert time.monotonic() - began < BUDGET + 0.4 + 0.1
    own_redis_server.thaw()


def test_what_waits_for_a_decision_is_answered_when_it_is_asked_to_stop(serve: Serve) -> None:
    """In the time that it takes to decide."""
    server = serve(DECIDER.format(body='import time; time.sleep(0.2); return Decision.drop("x")'))
    clients = [server.client() for _ in range(10)]
    assert decided(clients[0], "so that plugins are loaded") == DROPPED
    for number, client in enumerate(clients):
        client.post(raw(in_flight(data={"text": str(number)})))
    assert server.stop() == 0
    assert [client.answer()[2] for client in clients] == [DROPPED] * len(clients)


@pytest.mark.parametrize("status", [3, 4])
def test_a_decider_that_ends_its_process_ends_no_other_one(serve: Serve, status: int) -> None:
    """With whatever status: by these gunicorn tells itself that nothing can be served."""
    server = serve(
        DECIDER.format(body=f"import os; 'end' in event.message.text and os._exit({status})")
    )
    client = server.client()
    assert decided(client, "so that plugins are loaded") == b"{}"
    client.post(raw(in_flight(data={"text": "end"})))
    with pytest.raises((OSError, IndexError)):  # there is none
        client.answer()
    wait_for(lambda: answers(server), "another process serves")
    assert server.stop() == 0


def answers(server: Served) -> bool:
    """Whether a message in flight is answered."""
    try:
        return decided(server.client(), "hello") == b"{}"
    except (OSError, IndexError):
        return False
