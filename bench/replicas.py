"""What it costs to wait for a replica before an event counts as kept."""

import threading
import time
from collections.abc import Sequence
from statistics import median

from bench.report import Report, in_terms_of, percentile
from comethooks.workers.streams.accept import Streams
from comethooks.workers.streams.accepted import NotKeptError
from comethooks.workers.streams.connections import connect
from tests.redis_server import RedisServer, running_server
from tests.scenarios.load import event_record
from tests.scenarios.stack import free_port
from tests.waiting import wait_for

ROUNDS = 9
SECONDS = 1.0
THREADS = 16
FSYNCS = ("everysec", "always")


def replicas(report: Report, events: int) -> None:
    """Accept with a replica that has each event beside without, in turn: sixteen threads of one
    process, and one Redis that has a replica.
    """
    with (
        running_server(
            port=free_port(), options={"repl-diskless-sync-delay": "0"}, on_disk=True
        ) as primary,
        running_server(on_disk=True) as replica,
    ):
        replica.follow(primary.port)
        client = primary.client()
        wait_for(lambda: client.incr("bench") and client.wait(1, 100) == 1, "the replica follows")
        for fsync in FSYNCS:
            for server in (primary, replica):
                server.client().config_set("appendfsync", fsync)
            _compare(report, fsync, primary)


def _compare(report: Report, fsync: str, primary: RedisServer) -> None:
    kinds = {"without": _opened(primary, 0), "with": _opened(primary, 1)}
    rates: dict[str, list[float]] = {name: [] for name in kinds}
    times: dict[str, list[float]] = {name: [] for name in kinds}
    late = 0
    for _ in range(ROUNDS):
        for name, streams in kinds.items():
            taken, unconfirmed = _load(streams)
            rates[name].append(len(taken) / SECONDS)
            times[name] += taken
            late += unconfirmed
    for name, taken in times.items():
        report.line(f"kept {name} a replica, {fsync}", median(rates[name]), "events/s")
        report.line("  p50", 1000 * median(taken), "ms")
        report.line("  p99", 1000 * percentile(taken, 99), "ms")
    ratio = in_terms_of(rates["without"], rates["with"])
    report.line("  with in terms of without, median of rounds", ratio, "times")
    report.line("  not confirmed within its 50 ms", late, f"of {len(times['with']) + late}")
    for streams in kinds.values():
        streams.close()


def _opened(primary: RedisServer, wanted: int) -> Streams:
    return Streams(
        connect(primary.url),
        partitions=16,
        duplicate_window=86_400,
        max_backlog_bytes=8 * 10**9,
        replicas=wanted,
    )


def _load(streams: Streams) -> tuple[Sequence[float], int]:
    """Accept for a while: how long each took in seconds, and how many were not confirmed."""
    until = time.monotonic() + SECONDS
    taken: list[float] = []
    late: list[str] = []

    def accept(number: int) -> None:
        while (begun := time.monotonic()) < until:
            record = event_record(number, len(taken))
            try:
                streams.accept(record, duplicate_key=record.id.encode()[-16:], has_time=True)
            except NotKeptError as error:
                late.append(error.reason)
            else:
                taken.append(time.monotonic() - begun)

    threads = [threading.Thread(target=accept, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return taken, len(late)
