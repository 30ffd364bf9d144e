"""Draining: each contestant's queue is filled, then its two worker processes are started, and how
fast the queue empties is measured between its first and its last tenth.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from tempfile import TemporaryDirectory
from threading import Thread

from redis import Redis
from redis.exceptions import ResponseError

from bench.load import CONVERSATIONS, READER, documented_message
from bench.peers import environment
from bench.peers.ratios import OURS, Measured
from comethooks.schemas import parse
from comethooks.workers.clock import now_ms
from comethooks.workers.ids import new_id
from comethooks.workers.record import event_record
from comethooks.workers.settings.settings import Settings
from comethooks.workers.streams import keys
from comethooks.workers.streams.accept import Streams
from tests.redis_server import RedisServer, running_server
from tests.scenarios.stack import Stack, kill_tree

FIRST, LAST = 0.1, 0.9
"""The shares of the work between which the clock runs: no start, no tail."""
_LOOK_SECONDS = 0.02
_LONGEST_SECONDS = 60


@dataclass(frozen=True)
class Contestant:
    """A queue with workers: how it is filled, what is left in it, how its workers start."""

    name: str
    events: int
    """As many as it works off in a few seconds."""
    program: str
    workers: tuple[str, ...]
    processes: int
    left: Callable[[Redis], float]


def _stream_left(redis: Redis) -> float:
    try:
        (group,) = redis.xinfo_groups("taskiq")
    except ResponseError:
        return float(redis.xlen("taskiq"))
    return float((group.get("lag") or 0) + group["pending"])


PEERS = {
    each.name: each
    for each in (
        Contestant(
            *("huey", 10_000, "huey_tasks"),
            ("huey_consumer", "huey_tasks.huey", "-k", "process", "-w", "2", "-q"),
            1,
            lambda redis: float(redis.llen("huey.redis.bench")),
        ),
        Contestant(
            *("taskiq", 10_000, "taskiq_tasks"),
            ("taskiq", "worker", "taskiq_tasks:broker", "--workers", "2", "--log-level", "ERROR"),
            1,
            _stream_left,
        ),
        Contestant(
            *("dramatiq", 6_000, "dramatiq_tasks"),
            ("dramatiq", "dramatiq_tasks", "--processes", "2"),
            1,
            lambda redis: float(redis.hlen("dramatiq:default.msgs")),
        ),
        Contestant(
            *("celery", 3_000, "flask_celery"),
            (
                *("celery", "-A", "flask_celery:tasks", "worker", "--concurrency", "2"),
                *("--loglevel", "ERROR", "--without-gossip", "--without-mingle"),
            ),
            1,
            lambda redis: float(redis.llen("celery") + redis.hlen("unacked")),
        ),
        Contestant(
            *("rq", 1_000, "flask_rq"),
            (
                *("rq", "worker", "--quiet", "--worker-class", "rq.SimpleWorker"),
                *("--url", "unix://{socket}"),
            ),
            2,
            lambda redis: float(redis.llen("rq:queue:default")),
        ),
    )
}


def measure(rounds: int, fsync: str, names: tuple[str, ...], events: int) -> list[Measured]:
    """Fill and drain each in turn, round after round."""
    measured = [Measured("drain", name, fsync) for name in (OURS, *names)]
    for number in range(rounds):
        for found in measured:
            with TemporaryDirectory() as directory, running_server(on_disk=True) as server:
                folder = Path(directory)
                if found.name == OURS:
                    found.add(_ours(folder, server, fsync, events))
                else:
                    found.add(_peer(PEERS[found.name], folder, server, fsync))
        progress = ", ".join(f"{each.name} {each.per_second[-1]:.0f}" for each in measured)
        print(f"drain, {fsync}, round {number + 1}: {progress}", file=sys.stderr, flush=True)
    return measured


def _ours(directory: Path, server: RedisServer, fsync: str, events: int) -> float:
    redis = server.client()
    stack = Stack(directory, server.url, settings={"COMETHOOKS_MAX_BACKLOG_BYTES": "8GB"})
    stack.plugin("reader", READER)
    stack.make_tables()
    with _quickly(redis, fsync):
        _accept(Settings.load(stack.environment), events)
    try:
        return _steady(
            lambda: stack.start("worker", "--workers", "2"),
            lambda: float(redis.get(keys.BACKLOG) or 0),
            events,
        )
    finally:
        stack.close()


def _accept(settings: Settings, events: int) -> None:
    """Keep messages as the web process does, without HTTP."""
    streams = Streams.open(settings)

    def some(first: int) -> None:
        for number in range(first, events, 16):
            body = documented_message(number % CONVERSATIONS, number)
            raw = json.dumps(body).encode()
            parsed = parse(body, raw)
            # Of now: what is older than the retention would be deleted while it is drained.
            record = event_record(
                parsed, id=new_id(), received_at=now_ms(), source="cometchat", headers={}, body=raw
            )
            streams.accept(record, duplicate_key=parsed.duplicate_key, has_time=True)

    threads = [Thread(target=some, args=(first,)) for first in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    streams.close()


def _peer(peer: Contestant, directory: Path, server: RedisServer, fsync: str) -> float:
    redis = server.client()
    bodies = directory / "bodies"
    with bodies.open("w") as file:
        for number in range(peer.events):
            file.write(json.dumps(documented_message(number % CONVERSATIONS, number)) + "\n")
    log = directory / "log"
    with _quickly(redis, fsync):
        filling = environment.start(
            environment.QUEUES, ("python", "fill.py", peer.program, str(bodies)), server.socket, log
        )
        if filling.wait(300):
            raise RuntimeError(f"{peer.name} cannot be filled: {log.read_text()[-2000:]}")
    started: list[Popen[bytes]] = []

    def start() -> None:
        command = [part.format(socket=server.socket) for part in peer.workers]
        started.extend(
            environment.start(environment.QUEUES, command, server.socket, log)
            for _ in range(peer.processes)
        )

    try:
        return _steady(start, lambda: peer.left(redis), peer.events)
    except TimeoutError as error:
        raise RuntimeError(f"{peer.name}: {error}; it said: {log.read_text()[-2000:]}") from None
    finally:
        for process in started:
            kill_tree(process.pid)
            process.wait()


def _steady(start: Callable[[], object], left: Callable[[], float], events: int) -> float:
    """Events a second between the first and the last tenth, by what is left in the queue."""
    whole = left()
    start()
    limit = time.monotonic() + _LONGEST_SECONDS
    begun = 0.0, 0.0
    while time.monotonic() < limit:
        done, now = 1 - left() / whole, time.perf_counter()
        if done < FIRST:
            begun = now, done
        elif done >= LAST:
            return events * (done - begun[1]) / (now - begun[0])
        time.sleep(_LOOK_SECONDS)
    raise TimeoutError(f"not drained within {_LONGEST_SECONDS} s")


@contextmanager
def _quickly(redis: Redis, fsync: str) -> Iterator[None]:
    """Let the server not wait for the disk while a queue is filled."""
    redis.config_set("appendfsync", "no")
    yield
    redis.config_set("appendfsync", fsync)
