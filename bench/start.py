"""What it costs to start, and to do nothing: processor time, seconds, and memory."""

import contextlib
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import httpx
from redis import Redis

from bench.processes import command_seconds, cpu_seconds, cpu_shares, memory_mb
from bench.report import Report
from comethooks.workers.streams import keys
from tests.redis_server import running_server
from tests.scenarios.stack import Stack
from tests.waiting import wait_for

ROUNDS = 5
SETTLE_SECONDS = 10.0
"""From when everything is ready until it counts as idle: some parts are still starting then."""
IDLE_SECONDS = 20.0


def start(report: Report, events: int) -> None:
    """Start each part a few times, then let everything idle."""
    with (
        tempfile.TemporaryDirectory() as directory,
        tempfile.TemporaryDirectory() as bytecode,
        running_server(on_disk=True) as server,
    ):
        compiled = _compiled(bytecode)
        stack = Stack(Path(directory), server.url, settings=compiled)
        stack.make_tables()
        web = median(_until(stack, "web", stack.answers) for _ in range(ROUNDS))
        report.line("web with two processes, until it answers", web, "s of CPU", most=0.5)
        redis = server.client()
        worker = median(_until(stack, "worker", lambda: _has_joined(redis)) for _ in range(ROUNDS))
        report.line("worker with two processes, until they drain", worker, "s of CPU", most=0.5)
        stack.web()
        send = median(command_seconds(stack, "send", "message_sent") for _ in range(ROUNDS))
        report.line("send, one event", send, "s of CPU", most=0.5)
        stack.close()
        _up(report, compiled)


def _compiled(directory: str) -> dict[str, str]:
    """Settings with which Python keeps bytecode, as it does of what is installed: a checkout may be
    told not to, and would compile everything at each start.
    """
    return {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": directory}


def _until(stack: Stack, command: str, ready: Callable[[], object]) -> float:
    """The processor time, of all its processes, that a part takes to be ready."""
    process = stack.start(command, *(("--workers", "2") if command == "worker" else ()))
    wait_for(ready, f"{command} is ready", seconds=30)
    taken = cpu_seconds(process.pid)
    stack.close()
    stack.processes.clear()
    return taken


def _has_joined(redis: Redis) -> bool:
    return redis.zcard(keys.MEMBERS) == 2


def _up(report: Report, compiled: dict[str, str]) -> None:
    """`comethooks up` with its own server and database, from the command to its ready line."""
    with tempfile.TemporaryDirectory(prefix="ch-") as directory:
        seconds = []
        for _ in range(ROUNDS):
            stack = Stack(Path(directory), "", settings=compiled)
            started = time.perf_counter()
            process = stack.start("up")
            wait_for(lambda made=stack: _is_ready(made), "everything is ready", seconds=30)
            seconds.append(time.perf_counter() - started)
            if len(seconds) == ROUNDS:
                time.sleep(SETTLE_SECONDS)
                shares = cpu_shares({"up": process.pid}, seconds=IDLE_SECONDS)
                memory = memory_mb(process.pid)
            stack.close()
        report.line("up, until it is ready, the first start", seconds[0], "s")
        report.line("up, until it is ready, later starts", median(seconds[1:]), "s", most=1.5)
        report.line("up, idle, all processes together", shares["up"], "% of a core", most=2)
        report.line("up, idle, all processes together", memory, "MB (PSS)", most=350)


def _is_ready(stack: Stack) -> bool:
    with contextlib.suppress(httpx.HTTPError):
        return httpx.get(f"{stack.url}/readyz", timeout=1).status_code == 200
    return False
