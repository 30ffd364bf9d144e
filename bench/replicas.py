"""What it costs to wait for a replica before an event is answered."""

import tempfile
from pathlib import Path
from statistics import median

from bench.peers.accept import Server, measure
from bench.peers.http_load import cometchat_request
from bench.report import Report
from tests.redis_server import running_server
from tests.scenarios.stack import Stack, free_port
from tests.waiting import wait_for

ROUNDS = 7
FSYNCS = ("everysec", "always")


def replicas(report: Report, events: int) -> None:
    """Accept with `COMETHOOKS_REDIS_REPLICAS=1` beside 0: two web processes each, one Redis that
    has a replica, loaded in turn.
    """
    with (
        tempfile.TemporaryDirectory() as directory,
        running_server(port=free_port(), options={"repl-diskless-sync-delay": "0"}) as primary,
        running_server() as replica,
    ):
        replica.follow(primary.port)
        client = primary.client()
        wait_for(lambda: client.incr("bench") and client.wait(1, 100) == 1, "the replica follows")
        made = []
        for wanted in ("0", "1"):
            folder = Path(directory) / wanted
            folder.mkdir()
            settings = {
                "COMETHOOKS_REDIS_REPLICAS": wanted,
                "COMETHOOKS_MAX_BACKLOG_BYTES": "8GB",
            }
            made.append(Stack(folder, primary.url, settings=settings))
        try:
            servers = [
                Server(name, each.port, client, cometchat_request(), each.log_file, each.web().pid)
                for name, each in zip(("without", "with"), made, strict=True)
            ]
            for fsync in FSYNCS:
                replica.client().config_set("appendfsync", fsync)
                _report(report, fsync, servers)
        finally:
            for each in made:
                each.close()


def _report(report: Report, fsync: str, servers: list[Server]) -> None:
    without, waiting = measure(ROUNDS, fsync, servers)
    for each in (without, waiting):
        report.line(f"accepted {each.name} waiting, {fsync}", median(each.per_second), "events/s")
        report.line("  answer, p50", median(each.others["p50_ms"]), "ms")
        report.line("  answer, p99", median(each.others["p99_ms"]), "ms")
        report.line("  web and the primary", median(each.others["cpu_us"]), "µs/request")
    pairs = zip(waiting.per_second, without.per_second, strict=True)
    report.line(
        "  waiting in terms of not, median of rounds",
        median(one / other for one, other in pairs),
        "times",
    )
