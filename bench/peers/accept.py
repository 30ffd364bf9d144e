"""Accepting: web servers that are alive at once, loaded in turn."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from subprocess import Popen
from typing import Any

from redis import Redis

from bench.peers import environment
from bench.peers.http_load import Request, cometchat_request, numbered, rate, slack_request
from bench.peers.ratios import OURS, Measured
from bench.processes import cpu_seconds
from bench.report import percentile
from tests.redis_server import RedisServer, running_server
from tests.scenarios.stack import Stack, free_port, kill_tree
from tests.waiting import wait_for

PROCESSES = 2
WARM_SECONDS = 0.3
SLICE_SECONDS = 1.5

_GUNICORN = ("gunicorn", "--workers", str(PROCESSES), "--log-level", "warning")
_THREADS = (*_GUNICORN, "--worker-class", "gthread", "--threads", "16", "--keep-alive", "65")
_UVICORN = ("uvicorn", "--workers", str(PROCESSES), "--no-access-log", "--log-level", "warning")

PEERS = {
    "flask+celery": (*_THREADS, "--bind", "127.0.0.1:{port}", "flask_celery:app"),
    "flask+celery, sync": (*_GUNICORN, "--bind", "127.0.0.1:{port}", "flask_celery:app"),
    "flask+rq": (*_THREADS, "--bind", "127.0.0.1:{port}", "flask_rq:app"),
    "bolt+flask": (*_THREADS, "--bind", "127.0.0.1:{port}", "bolt_flask:app"),
    "fastapi+arq": (*_UVICORN, "--port", "{port}", "fastapi_arq:app"),
    "bare flask": (*_GUNICORN, "--bind", "127.0.0.1:{port}", "bare_flask:app"),
}
"""How each is started. Flask's peers get gunicorn's threads, as comethooks does: with one request a
process at a time they would wait for each write to the disk alone. Bare Flask waits for nothing, so
it is fastest without.
"""


@dataclass(frozen=True)
class Server:
    """A web server under load, the Redis that it writes to, and where it says what went wrong."""

    name: str
    port: int
    redis: Redis
    request: Request
    log: Path
    root: int
    """The process that everything else of the server is below."""

    def rate(self, numbers: Iterator[int], seconds: float) -> tuple[float, list[float]]:
        """Load it, see `http_load.rate`."""
        try:
            return rate(self.port, self.request, numbers, seconds=seconds)
        except RuntimeError as error:
            said = self.log.read_text(errors="replace")[-2000:]
            raise RuntimeError(f"{self.name}: {error}; it said: {said}") from None

    def cpu_seconds(self) -> float:
        """The processor time of the server and its Redis until now."""
        info: Any = self.redis.info("server")
        return cpu_seconds(self.root) + cpu_seconds(info["process_id"])


@contextmanager
def servers(directory: Path, names: tuple[str, ...]) -> Iterator[list[Server]]:
    """All of them, comethooks first, each with a Redis of its own."""
    with ExitStack() as closing:
        made = [_ours(directory, closing.enter_context(running_server(on_disk=True)), closing)]
        for name in names:
            own = closing.enter_context(running_server(on_disk=True))
            port = free_port()
            command = [part.format(port=port) for part in PEERS[name]]
            log = directory / f"{name}.log"
            wanted = environment.ARQ if name == "fastapi+arq" else environment.QUEUES
            process = environment.start(wanted, command, own.socket, log)
            closing.callback(_end, process)
            request = slack_request() if name.startswith("bolt") else cometchat_request()
            made.append(Server(name, port, own.client(), request, log, process.pid))
            wait_for(partial(_answers, made[-1]), f"{name} answers", seconds=30)
        yield made


def measure(rounds: int, fsync: str, running: list[Server]) -> list[Measured]:
    """Load each server for a slice, round after round."""
    numbers = numbered()
    measured = [Measured("accept", each.name, fsync) for each in running]
    for server in running:
        server.redis.config_set("appendfsync", fsync)
    for number in range(rounds):
        for server, found in zip(running, measured, strict=True):
            server.rate(numbers, WARM_SECONDS)
            before = server.cpu_seconds()
            per_second, times = server.rate(numbers, SLICE_SECONDS)
            cpu_us = 1e6 * (server.cpu_seconds() - before) / len(times)
            found.add(
                per_second,
                p50_ms=1000 * median(times),
                p99_ms=1000 * percentile(times, 99),
                cpu_us=cpu_us,
            )
        progress = ", ".join(f"{each.name} {each.per_second[-1]:.0f}" for each in measured)
        print(f"accept, {fsync}, round {number + 1}: {progress}", file=sys.stderr, flush=True)
    return measured


def _ours(directory: Path, server: RedisServer, closing: ExitStack) -> Server:
    folder = directory / OURS
    folder.mkdir()
    settings = {"WEB_CONCURRENCY": str(PROCESSES), "COMETHOOKS_MAX_BACKLOG_BYTES": "8GB"}
    stack = Stack(folder, server.url, settings=settings)
    closing.callback(stack.close)
    root = stack.web().pid
    return Server(OURS, stack.port, server.client(), cometchat_request(), stack.log_file, root)


def _answers(server: Server) -> bool:
    try:
        return bool(server.rate(iter(range(10**8, 2 * 10**8)), 0.01))
    except ConnectionError:
        return False


def _end(process: "Popen[bytes]") -> None:
    process.terminate()
    kill_tree(process.pid)
    process.wait()
