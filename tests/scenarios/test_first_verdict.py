"""A web process that is killed when a message in flight is kept and not yet answered: its repeat
gets what was decided then, whatever would be decided now.
"""

import contextlib
import socket
from collections.abc import Iterator

import httpx
import pytest

from tests.redis_server import RedisServer
from tests.relay import Relay
from tests.scenarios.stack import Stack, kill_tree, message

DECIDER = """
    from comethooks import Decision, Plugin

    plugin = Plugin("guard")

    @plugin.decide("before_message")
    def judge(event, ctx):
        return Decision.{decision}
"""
IN_FLIGHT = {**message(1, 1), "trigger": "before_message"}


class Guillotine(Relay):
    """Passes everything on, but for the first answer that says that an event is kept: whoever waits
    for that is killed.
    """

    victim: int | None = None

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if sink in self._clients and b"fresh" in data and self.victim is not None:
                    kill_tree(self.victim)
                    self.victim = None
                    break
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def guillotine(own_redis_server: RedisServer) -> Iterator[Guillotine]:
    """Between the web process and Redis."""
    made = Guillotine(own_redis_server)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("decision", "answer"),
    [
        ('drop("scam", 0.9)', b'{"action":"do_not_propagate"}'),
        ('annotate({"score": 3})', b'{"score":3}'),
    ],
    ids=["dropped", "annotated"],
)
def test_a_repeat_is_answered_as_the_one_that_nobody_could_answer(
    stack: Stack, guillotine: Guillotine, decision: str, answer: bytes
) -> None:
    """After a restart with a decider that would allow it; it is one event."""
    stack.environment["REDIS_URL"] = guillotine.url
    stack.plugin("guard", DECIDER.format(decision=decision))
    web = stack.web()
    guillotine.victim = web.pid
    with pytest.raises(httpx.HTTPError):
        stack.post(IN_FLIGHT)
    assert web.wait(10) != 0
    stack.plugin("guard", DECIDER.format(decision="allow()"))
    stack.web()
    assert stack.post(IN_FLIGHT).content == answer
    [event] = stack.listing("events", "list")
    assert (event["decision"], event["duplicates"]["count"]) == (decision.partition("(")[0], 1)
