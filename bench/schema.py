"""What the schemas cost: the body of a message, as documented, through all that accepting it asks
of them.
"""

import statistics
import time
from collections.abc import Callable

import orjson

from bench.report import Report, in_terms_of
from comethooks.schemas import parse
from tests.bodies import raw

ROUNDS = 200
CALLS = 200


def schema(report: Report, events: int) -> None:
    """Load a documented message_sent with both entities, in terms of `orjson.loads` of the same
    body.
    """
    body = orjson.dumps(orjson.loads(raw("message_sent_text")))
    value = orjson.loads(body)
    loads, parses = interleaved(lambda: orjson.loads(body), lambda: parse(value, body))
    report.line("orjson.loads of a message_sent, median", statistics.median(loads), "µs")
    report.line("  parse of the same: schema, drift, keys", statistics.median(parses), "µs")
    report.line("  the one in terms of the other", in_terms_of(loads, parses), "times", most=30)


def interleaved(*functions: Callable[[], object]) -> list[list[float]]:
    """What each takes, in microseconds a call, in rounds one after the other: what disturbs one
    disturbs all.
    """
    taken: list[list[float]] = [[] for _ in functions]
    for _ in range(ROUNDS):
        for times, function in zip(taken, functions, strict=True):
            started = time.perf_counter()
            for _ in range(CALLS):
                function()
            times.append((time.perf_counter() - started) / CALLS * 1e6)
    return taken
