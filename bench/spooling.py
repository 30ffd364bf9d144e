"""What the spool costs while nothing is in it, and how fast it is emptied."""

import tempfile
import threading
import time
from pathlib import Path
from statistics import median
from uuid import UUID

from bench.peers.accept import Server, measure
from bench.peers.http_load import cometchat_request, numbered, rate
from bench.report import Report, in_terms_of
from comethooks.webhooks.keeping import Road
from comethooks.webhooks.spooling.emptying_thread import EmptyingThread
from comethooks.webhooks.spooling.spool_road import Spooling
from comethooks.workers.ids import new_id
from comethooks.workers.record import Kind, Record
from comethooks.workers.settings.settings import Settings
from comethooks.workers.spool.places import open_spool
from comethooks.workers.streams.accept import Streams
from tests.redis_server import running_server
from tests.scenarios.stack import Stack
from tests.waiting import wait_for

ROUNDS = 13
SERVERS = (("with", "1GB"), ("without", "0"), ("with again", "1GB"), ("without again", "0"))
"""Twice each: by how much two that are alike differ says what a difference of the others means."""
AT_ONCE = 8
MOST = 1.03
"""So many times the processor time without a spool."""
LEAST_PER_SECOND = 400
LIVE_PER_SECOND = 100
SPOOLED = 8000


def spool(report: Report, events: int) -> None:
    """Accept with a spool and without, in two deployments each of two web processes, all on one
    Redis, loaded in turn; then empty a spool beside live events.
    """
    with tempfile.TemporaryDirectory() as directory, running_server(on_disk=True) as redis:
        made = []
        for name, most in SERVERS:
            folder = Path(directory) / name
            folder.mkdir()
            settings = {"COMETHOOKS_SPOOL_MAX_BYTES": most, "COMETHOOKS_MAX_BACKLOG_BYTES": "8GB"}
            made.append(Stack(folder, redis.url, settings=settings))
        try:
            servers = [
                Server(
                    name,
                    each.port,
                    redis.client(),
                    cometchat_request(),
                    each.log_file,
                    each.web().pid,
                )
                for (name, _), each in zip(SERVERS, made, strict=True)
            ]
            having, without, having_again, without_again = measure(ROUNDS, "everysec", servers)
        finally:
            for each in made:
                each.close()
    for found in (without, having):
        report.line(f"accepted {found.name} a spool", median(found.per_second), "events/s")
        report.line("  web and Redis", median(found.others["cpu_us"]), "µs/request")
    for one, other in (
        (without, having),
        (without_again, having_again),
        (without, without_again),
    ):
        times = in_terms_of(one.others["cpu_us"], other.others["cpu_us"])
        report.line(f"  {other.name} in terms of {one.name}, median of rounds", times, "times")
    added = _added()
    report.line("added to a request by looking at the spool, in one thread", added, "µs/request")
    share = 1 + added / median(without.others["cpu_us"])
    report.line("  with it in terms of web and Redis without", share, "times", most=MOST)
    _emptied(report)


def _added() -> float:
    """Processor time (µs) that a request takes more to be kept with a spool: both in one thread, in
    turn, so that what else the machine does disturbs both.
    """
    with tempfile.TemporaryDirectory() as directory, running_server(on_disk=True) as redis:
        settings = Settings.load({"COMETHOOKS_DATA_DIR": directory, "REDIS_URL": redis.url})
        spool = open_spool(settings)
        assert spool is not None
        streams = Streams.open(settings)
        roads: list[Road] = [streams, Spooling(streams, spool, EmptyingThread(spool, settings))]
        found: list[list[float]] = [[], []]
        for _ in range(ROUNDS + 1):
            for road, times in zip(roads, found, strict=True):
                times.append(_kept(road))
        spool.close()
        streams.close()
    return median(one - other for other, one in list(zip(*found, strict=True))[1:])


def _kept(road: Road) -> float:
    """Processor time (µs) of this thread for each request that is kept by that road."""
    records = [
        Record(
            kind=Kind.EVENT, id=new_id(), received_at=0, trigger="message_sent", key="k", body=b"{}"
        )
        for _ in range(AT_ONCE * 100)
    ]
    began = time.thread_time()
    for start in range(0, len(records), AT_ONCE):
        group = records[start : start + AT_ONCE]
        for begun in [road.begin(each, duplicate_key=UUID(each.id).bytes) for each in group]:
            road.finish(begun)
    return 1e6 * (time.thread_time() - began) / len(records)


def _emptied(report: Report) -> None:
    """Fill a spool while Redis is frozen, then empty it beside live events."""
    with tempfile.TemporaryDirectory() as directory, running_server(on_disk=True) as redis:
        stack = Stack(Path(directory), redis.url, settings={"COMETHOOKS_MAX_BACKLOG_BYTES": "8GB"})
        try:
            stack.web()
            numbers, request = numbered(), cometchat_request()
            redis.freeze()
            began, taken = time.monotonic(), 0
            while taken < SPOOLED:
                taken += len(rate(stack.port, request, numbers, seconds=1.0)[1])
            report.line(
                "spooled while Redis is frozen", taken / (time.monotonic() - began), "events/s"
            )
            spool = open_spool(
                Settings.load(
                    {
                        "COMETHOOKS_DATA_DIR": stack.environment["COMETHOOKS_DATA_DIR"],
                        "REDIS_URL": redis.url,
                    }
                )
            )
            assert spool is not None
            ended = threading.Event()
            live = threading.Thread(target=_live, args=(stack, ended))
            live.start()
            redis.thaw()
            seconds = wait_for(lambda: not spool.holds, "the spool is empty", seconds=120)
            ended.set()
            live.join()
            spool.close()
            report.line(
                f"emptied beside {LIVE_PER_SECOND} live events/s",
                taken / seconds,
                "events/s",
                least=LEAST_PER_SECOND,
            )
        finally:
            stack.close()


def _live(stack: Stack, ended: threading.Event) -> None:
    numbers, request = iter(range(10**8, 2 * 10**8)), cometchat_request()
    while not ended.is_set():
        began = time.monotonic()
        rate(stack.port, request, numbers, seconds=0.01)
        ended.wait(max(0.0, 0.1 - (time.monotonic() - began)))
