"""What a deployment needs, as docs/operations.md tells it: memory, room on disks, connections, the
time for a backup, and how much one web process accepts.
"""

import json
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import psycopg

from bench import growth
from bench.deployment import stack
from bench.load import READER, documented_message, post
from bench.peers.http_load import cometchat_request, numbered, rate
from bench.processes import memory_mb
from bench.report import Report
from comethooks.workers.settings.paths import database_path
from comethooks.workers.streams import keys
from tests.redis_server import RedisServer
from tests.scenarios.stack import Stack
from tests.servers import PostgresServer, running_postgres
from tests.waiting import wait_for

ONCE = """
    import time
    from comethooks import Plugin
    plugin = Plugin("reader")

    @plugin.on("message_sent")
    def once(event, ctx):
        with ctx.once(event.id):
            time.sleep(0.02)
"""
ONCE_PER_SECOND = 160
_SECONDS = 10.0
_ROUNDS = 3


def sizes(report: Report, events: int) -> None:
    """Memory of each part, bytes on disks, connections, a backup, one web process."""
    with running_postgres() as database:
        _memory(report, database, min(events, 20_000))
    for plugin, workers in ((READER, 4), (ONCE, 1), (ONCE, 2)):
        with running_postgres() as database:
            _connections(report, database, plugin, workers)
    _one_web_process(report)
    _disks(report, min(events, 20_000))
    _backup(report, events)


def _memory(report: Report, database: PostgresServer, events: int) -> None:
    """What each part has after some load, what is shared divided among its sharers."""
    with stack(READER, "reader", DATABASE_URL=database.url) as (made, server):
        web = made.web()
        workers = made.start("worker", "--workers", "2")
        _joined(server, 2)
        post(made.port, events)
        _drained(server)
        found = {
            "web with two processes": web.pid,
            "workers with two, the scheduler and further attempts": workers.pid,
            "Valkey, duplicate keys included": server.pid,
            "PostgreSQL": database.pid,
        }
        for name, pid in found.items():
            report.line(f"memory after {events:,} events: {name}", memory_mb(pid), "MB (PSS)")


def _connections(report: Report, database: PostgresServer, plugin: str, workers: int) -> None:
    """The most connections under load, as PostgreSQL counts them."""
    with stack(plugin, "reader", DATABASE_URL=database.url) as (made, server):
        made.web()
        made.start("worker", "--workers", str(workers))
        _joined(server, workers)
        with _most_connections(database) as most:
            if plugin == ONCE:
                _post_steadily(made, ONCE_PER_SECOND, _SECONDS)
            else:
                post(made.port, 5_000)
            _drained(server)
    kind = "in a ctx.once for 20 ms, 160 a second" if plugin == ONCE else "that do next to nothing"
    report.line(f"connections: {workers} workers, handlers {kind}", max(most), "")


@contextmanager
def _most_connections(database: PostgresServer) -> Iterator[list[int]]:
    """How many connections there are, every 20 ms until the block is left."""
    counts, over = [0], threading.Event()
    query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'comethooks'"

    def count() -> None:
        with psycopg.connect(database.url, autocommit=True) as connection:
            while not over.wait(0.02):
                counts.append(connection.execute(query).fetchone()[0])  # type: ignore[index]

    thread = threading.Thread(target=count)
    thread.start()
    try:
        yield counts
    finally:
        over.set()
        thread.join()


def _post_steadily(made: Stack, per_second: int, seconds: float) -> None:
    with made.client() as client:
        began = time.monotonic()
        for number in range(int(per_second * seconds)):
            time.sleep(max(0.0, began + number / per_second - time.monotonic()))
            client.post("/webhooks", json=documented_message(number % 1000, number))


def _one_web_process(report: Report) -> None:
    """As many events as one process accepts, nothing else at work but Redis and the load."""
    for fsync in ("always", "everysec"):
        settings = {"WEB_CONCURRENCY": "1", "COMETHOOKS_MAX_BACKLOG_BYTES": "8GB"}
        with stack(READER, "reader", **settings) as (made, server):
            server.client().config_set("appendfsync", fsync)
            made.web()
            numbers = numbered()
            rounds = [
                rate(made.port, cometchat_request(), numbers, seconds=4)[0] for _ in range(_ROUNDS)
            ]
        report.line(f"one web process, appendfsync {fsync}", median(rounds), "events/s")


def _disks(report: Report, events: int) -> None:
    """What an event is on disks, beside its body."""
    with stack(READER, "reader") as (made, server):
        client = server.client()
        client.config_set("auto-aof-rewrite-percentage", "0")
        memory = client.info("memory")["used_memory"]
        made.web()
        post(made.port, events)
        waiting = client.info("memory")["used_memory"] - memory
        written = client.info("persistence")["aof_current_size"]
        made.start("worker", "--workers", "2")
        _drained(server)
        made.close()
        body = len(json.dumps(documented_message(7, 10_007)))
        file = _size_of(database_path(made.directory / "data"))
    report.line("a body, as CometChat documents it", body, "bytes")
    report.line("  with all else in memory of Redis while it waits", waiting / events, "bytes")
    report.line("  written to the append-only file until it is accepted", written / events, "bytes")
    report.line("  in SQLite, with its run and without the body", file / events - body, "bytes")


def _backup(report: Report, events: int) -> None:
    """A journal of `--events` in a file."""
    with stack(READER, "reader") as (made, _):
        growth.keep(made.directory / "data", events)
        size = _size_of(database_path(made.directory / "data"))
        report.line(f"a journal of {events:,} events", size / 1e6, "MB")
        for suffix in ("tar.gz", "tar.zst"):
            file = made.directory / f"kept.{suffix}"
            began = time.perf_counter()
            made.run("backup", str(file), seconds=600)
            report.line(f"  backup to .{suffix}", time.perf_counter() - began, "s")
            report.line("    its size", file.stat().st_size / 1e6, "MB")


def _joined(server: RedisServer, workers: int) -> None:
    wait_for(lambda: server.client().zcard(keys.MEMBERS) == workers, "drainers have joined")


def _drained(server: RedisServer) -> None:
    client = server.client()
    wait_for(lambda: not int(client.get(keys.BACKLOG) or 0), "all is journalled", seconds=600)


def _size_of(file: Path) -> int:
    """The bytes of a database of SQLite, with its write-ahead log taken in."""
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return os.stat(file).st_size
