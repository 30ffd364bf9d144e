"""How long answers to messages in flight take that two deciders are asked about, while as many come
as half of what a deployment can answer.
"""

import http.client
import multiprocessing
import time
from collections.abc import Sequence
from statistics import median, quantiles

from bench.deployment import stack
from bench.load import post_one
from bench.report import Report
from tests.webhooks.samples import in_flight as message_in_flight
from tests.webhooks.samples import raw

SENDERS = 8
MOST_MS = 50
DECIDERS = """
    from comethooks import Decision, Plugin
    plugin = Plugin("gatekeeper")

    @plugin.decide("before_message", timeout="300ms")
    def words(event, ctx):
        return Decision.drop("word: spam") if "spam" in event.message.text.lower() else None

    @plugin.decide("before_message", timeout="300ms")
    def links(event, ctx):
        return Decision.annotate({"has_link": True}) if "https://" in event.message.text else None
"""
_FORKED = multiprocessing.get_context("fork")


def half_load(report: Report, events: int) -> None:
    """Messages in flight as fast as they are answered, and then half as many a second."""
    number = min(events, 8_000)
    with stack(DECIDERS, "gatekeeper") as (made, _):
        made.web()
        _posted(made.port, number // 4, None)
        began = time.perf_counter()
        _posted(made.port, number, None)
        most = number / (time.perf_counter() - began)
        times = _posted(made.port, number, most / 2)
    report.line("messages in flight that two deciders are asked about", most, "events/s")
    report.line("  at half of that: p50", 1000 * median(times), "ms")
    report.line("  p99", 1000 * quantiles(times, n=100)[98], "ms", most=MOST_MS)


def _posted(port: int, number: int, rate: float | None) -> Sequence[float]:
    """Post so many messages in flight, `rate` a second, and give how long each answer took (s).

    That begins when a message is due: one that has to wait since those before it took too long is
    no faster for that.
    """
    with _FORKED.Pool(SENDERS) as pool:
        share = [(port, number // SENDERS, sender, rate) for sender in range(SENDERS)]
        return [each for times in pool.starmap(_post_share, share) for each in times]


def _post_share(port: int, number: int, sender: int, rate: float | None) -> list[float]:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    began, times = time.perf_counter(), []
    for count in range(number):
        body = raw(message_in_flight(muid=f"{sender}-{began}-{count}"))
        due = time.perf_counter()
        if rate is not None:
            due = began + (count * SENDERS + sender) / rate
            time.sleep(max(0.0, due - time.perf_counter()))
        post_one(connection, body)
        times.append(time.perf_counter() - due)
    return times
