"""What accepting a press costs beside accepting a message: the same web processes, loaded in turn,
so that what disturbs one of them disturbs all.
"""

import json
import time
from statistics import median

from bench.deployment import stack
from bench.load import READER
from bench.peers.accept import Server, measure
from bench.peers.http_load import Request, cometchat_request, request_of
from bench.report import Report, in_terms_of
from bench.schema import interleaved
from comethooks.workers.presses.tokens import PATH, InteractionToken, mint, verify
from comethooks.workers.settings.interaction_keys import InteractionKey
from tests.redis_server import RedisServer
from tests.scenarios.stack import Stack
from tests.workers.interactions.bodies import APP, press

ROUNDS = 7
LEAST = 0.8
"""So many presses a second, in terms of messages."""
MOST_US = 30
"""For a token, to be verified."""
KEY = InteractionKey("bench", b"a-secret-of-the-bench")
SETTINGS = {
    "COMETHOOKS_INTERACTION_KEYS": f"{KEY.id}:{KEY.secret.decode()}",
    "COMETHOOKS_MAX_BACKLOG_BYTES": "8GB",
}
MESSAGES = 1000
"""So many have presses: each URL takes only some hundreds a minute."""
METHODS = ("POST", "PUT")
_PLACE = "4815162342"


def presses(report: Report, events: int) -> None:
    """Accept presses on interactive messages beside messages, and verify a token."""
    with stack(READER, "reader", **SETTINGS) as (made, server):
        accepted(report, made, server)
    verified(report)


def accepted(report: Report, made: Stack, redis: RedisServer) -> None:
    """Accept messages and presses, as many as 16 connections bring."""
    root, client = made.web().pid, redis.client()
    requests = {"messages": cometchat_request()}
    requests |= {f"presses, by {method}": press_request(method) for method in METHODS}
    messages, *pressed = measure(
        ROUNDS,
        "everysec",
        [
            Server(name, made.port, client, request, made.log_file, root)
            for name, request in requests.items()
        ],
    )
    for each in (messages, *pressed):
        report.line(f"accepted: {each.name}", median(each.per_second), "a second")
        report.line("  web and Redis", median(each.others["cpu_us"]), "µs/request")
    for each in pressed:
        times = in_terms_of(messages.per_second, each.per_second)
        report.line(f"{each.name}, in terms of messages", times, "times", least=LEAST)


def press_request(method: str) -> Request:
    """Presses as the web kits post them, each of a user of its own, and their own headers."""
    tokens = [
        mint([KEY], InteractionToken(app=APP, message=str(number))) for number in range(MESSAGES)
    ]
    pressed = press("submit", f"u{_PLACE}", _PLACE, name="Ada Byron", age="36", ferry="8")
    prepared = json.dumps(pressed).replace(f"u{_PLACE}", "u%(user)d").replace(_PLACE, "%(message)d")

    def request(number: int) -> bytes:
        message = number % MESSAGES
        body = prepared % {"user": number, "message": message}
        return request_of(f"{method} {PATH}{tokens[message]}", body)

    return request


def verified(report: Report) -> None:
    """Verify a token that names an element, which the second of two keys signed."""
    keys = (InteractionKey("new", b"another-secret-of-the-bench"), KEY)
    token = InteractionToken(app=APP, message="4815162342", element="submitButton")
    text, now = mint([KEY], token), time.time()
    [taken] = interleaved(lambda: verify(keys, text, now))
    report.line("a token is verified, median", median(taken), "µs", most=MOST_US)
