"""What a decider that hangs costs: those that wait for it their budget, and all others nothing."""

import http.client
import multiprocessing
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing.synchronize import Event
from statistics import median
from typing import Any

from bench.deployment import stack
from bench.load import CONVERSATIONS, post, post_one
from bench.report import Report
from tests.webhooks.samples import in_flight as message_in_flight
from tests.webhooks.samples import raw

ROUNDS = 5
EVENTS = 8_000
SENDERS = 20
"""Each has a message decided on every second."""
BUDGET_MS = 800
LEAST = 0.8
"""So many other webhooks a second, in terms of how many there are without."""
MOST_LATE_MS = 100
HANGING = """
    import time
    from comethooks import Plugin
    plugin = Plugin("hanging")

    @plugin.decide("before_message")
    def judge(event, ctx):
        time.sleep(10)
"""
_FORKED = multiprocessing.get_context("fork")


def in_flight(report: Report, events: int) -> None:
    """Post messages alone, and beside messages in flight whose decider hangs."""
    ratios, longest = [], 0.0
    for number in range(ROUNDS):
        # Anew each time: a decider that hangs is soon not asked any more.
        settings = {"COMETHOOKS_DECISION_BUDGET_MS": str(BUDGET_MS)}
        with stack(HANGING, "hanging", **settings) as (made, _):
            made.web()
            post(made.port, EVENTS // 4)
            usual = post(made.port, EVENTS, conversations=CONVERSATIONS + 1)
            with _senders(made.port) as times:
                beside = post(made.port, EVENTS, conversations=CONVERSATIONS + 2)
            ratios.append(beside.per_second / usual.per_second)
            longest = max(longest, *times)
            waited = sum(each > BUDGET_MS / 2000 for each in times)
            report.line(f"round {number + 1}: messages that waited for it", waited, "messages")
    report.line("other webhooks beside a decider that hangs", median(ratios), "times", least=LEAST)
    most = BUDGET_MS + MOST_LATE_MS
    report.line("  longest answer to a message in flight", 1000 * longest, "ms", most=most)


@contextmanager
def _senders(port: int) -> Iterator[list[float]]:
    """Have messages in flight sent; afterwards the list has how long each answer took (s)."""
    times: list[float] = []
    is_over, answered = _FORKED.Event(), _FORKED.Queue()
    process = _FORKED.Process(target=_send, args=(port, is_over, answered))
    process.start()
    yield times
    is_over.set()
    times += answered.get()
    process.join()


def _send(port: int, is_over: Event, answered: Any) -> None:
    def send(sender: int) -> list[float]:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        times: list[float] = []
        while not is_over.wait(1 / SENDERS * sender if not times else 1.0):
            body = raw(message_in_flight(muid=f"{sender}-{len(times)}"))
            began = time.perf_counter()
            post_one(connection, body)
            times.append(time.perf_counter() - began)
        return times

    with ThreadPoolExecutor(SENDERS) as pool:
        answered.put([each for times in pool.map(send, range(SENDERS)) for each in times])
