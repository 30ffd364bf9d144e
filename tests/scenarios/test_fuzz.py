"""Garbage against a running server: no answer is a 5xx, none takes long, and what is accepted can
be processed.
"""

import random
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from comethooks.samples import all_samples
from comethooks.workers.texts import dumps
from tests.redis_server import RedisServer
from tests.scenarios.judging import waiting
from tests.scenarios.stack import PASSWORD, Stack
from tests.waiting import wait_for

EXPECTED = {200, 400, 413, 415, 422}
LONGEST_SECONDS = 2.0
"""How long CometChat waits for an answer (its documentation)."""

READER = """
from datetime import datetime

from comethooks import Plugin

plugin = Plugin("reader")


@plugin.on("*", echoes=True)
def read(event, ctx):
    for thing in [event, *things(event)]:
        for name in dir(type(thing)):
            if not name.startswith("_"):
                getattr(thing, name)


def things(event):
    names = ("message", "action", "call", "receipt", "reaction", "presence", "group", "moderation")
    found = [getattr(event, name) for name in (*names, "recording", "campaign", "sender")]
    found += [*event.members, *event.users, *event.mentions]
    return [each for each in found if each is not None]
"""

JUNK: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    1e308,
    2**70,
    "",
    "x" * 5000,
    "\ud83d",
    "a\x00b",
    "\u202e\u0007<script>",
    [],
    {},
    [[[{}]]],
    {"uid": {"guid": []}},
    {"": {"$where": 1}},
)


def bodies(chance: random.Random, count: int) -> Iterator[bytes]:
    """Samples of all triggers with junk in random places, bodies that are broken, and plain
    noise.
    """
    samples = [body for _, body in all_samples(now_ms=1_790_000_000_000, random=chance)]
    for number in range(count):
        body = dumps(mutated(chance.choice(samples), chance))
        kind = number % 5
        if kind == 3:
            yield body[: chance.randrange(len(body))]
        elif kind == 4:
            yield chance.randbytes(chance.randrange(200))
        else:
            yield body
    yield b"[" * 200_000
    yield b'{"a":' * 5_000 + b"1" + b"}" * 5_000
    yield b'{"trigger":"message_sent","data":{"message":' * 300
    yield b'{"trigger":"' + b"m" * 900_000 + b'","data":{}}'
    yield dumps(
        {"trigger": "message_sent", "data": {f"key {number}": number for number in range(50_000)}}
    )
    yield b" " * 1_100_000


def mutated(value: Any, chance: random.Random) -> Any:
    """A copy in which some values are junk, some keys are gone and some are new."""
    if isinstance(value, dict):
        kept = {key: item for key, item in value.items() if chance.random() > 0.01}
        if chance.random() < 0.05:
            kept[chance.choice(("surprise", "", "data", "uid", "$ref", "é\x00"))] = chance.choice(
                JUNK
            )
        value = {key: mutated(item, chance) for key, item in kept.items()}
    elif isinstance(value, list):
        value = [mutated(item, chance) for item in value]
    return chance.choice(JUNK) if chance.random() < 0.02 else value


@pytest.mark.parametrize("count", [400, pytest.param(20_000, marks=pytest.mark.attack)])
@pytest.mark.timeout(900)
def test_a_server_under_fuzzing_answers_everything_and_handlers_can_read_what_it_took(
    stack: Stack, own_redis_server: RedisServer, chance: random.Random, count: int
) -> None:
    """Every attribute of every accepted event can be read: no run fails."""
    stack.plugin("reader", READER)
    stack.web()
    stack.start("worker", "--workers", "1")
    statuses: Counter[int] = Counter()
    slowest = 0.0
    with stack.client() as client:
        for raw in bodies(chance, count):
            began = time.monotonic()
            answer = client.post(
                "/webhooks", content=raw, headers={"Content-Type": "application/json"}
            )
            slowest = max(slowest, time.monotonic() - began)
            statuses[answer.status_code] += 1
            assert answer.status_code in EXPECTED, answer.text
    assert stack.answers()
    print(f"{dict(statuses)}, the slowest after {slowest:.2f} s")
    assert slowest < LONGEST_SECONDS
    assert statuses[200] > count / 10
    redis = own_redis_server.client()
    wait_for(lambda: not waiting(redis), "everything is handled", seconds=120)
    failed = [run for run in stack.listing("runs", "list") if run["state"] != "done"]
    assert failed == []
    refused = stack.listing("requests", "list", "--outcome", "refused")
    assert not [
        request for request in refused if request["reason"].startswith("the journal refused")
    ]
    assert PASSWORD not in stack.log()
