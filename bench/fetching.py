"""Fetching what was missed: `comethooks backfill` of CometChat's list on this machine."""

import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from bench.load import documented_message
from bench.report import Report
from comethooks.testing.chat_server import listening
from comethooks.testing.chat_state import ChatAnswer, done
from comethooks.workers.clock import now_ms
from comethooks.workers.journal import Journal
from comethooks.workers.settings.paths import database_path
from tests.redis_server import running_server
from tests.servers import running_postgres

_PAGE = 1000
_PER_SECOND = 3
_APP = "bench"


class MessageList:
    """So many messages at CometChat, three a second, whose pages are made beforehand."""

    def __init__(self, number: int) -> None:
        self.first = now_ms() // 1000 - number // _PER_SECOND - 3600
        self._messages = [self._message(each) for each in range(number)]

    def _message(self, number: int) -> dict[str, Any]:
        body: Any = documented_message(number % 40, number)
        second = self.first + number // _PER_SECOND
        return {
            **body["data"]["message"],
            "id": str(1_000_000 + number),
            "sentAt": second,
            "updatedAt": second,
        }

    def answer(self, method: str, url: str, headers: Any, content: bytes) -> ChatAnswer:
        """A page from the second that is asked for."""
        found = re.search(r"fromTimestamp=(\d+)", url)
        second = int(found[1]) if found else 0
        start = max(0, second - self.first) * _PER_SECOND
        page = self._messages[start : start + _PAGE]
        return done(page, next={"fromTimestamp": page[-1]["sentAt"]} if page else {})


def backfill(report: Report, events: int) -> None:
    """Fetch messages of which the journal has none, and then once more when it has all of them."""
    listed = MessageList(events)
    with listening(listed.answer) as url, running_server(on_disk=True) as server:
        with tempfile.TemporaryDirectory() as directory:
            _measure(report, "SQLite", listed, events, directory, url, REDIS_URL=server.url)
        with tempfile.TemporaryDirectory() as directory, running_postgres(on_disk=True) as database:
            addresses = {"REDIS_URL": server.url, "DATABASE_URL": database.url}
            _measure(report, "PostgreSQL", listed, events, directory, url, **addresses)


def _measure(
    report: Report,
    database: str,
    listed: MessageList,
    events: int,
    directory: str,
    url: str,
    **addresses: str,
) -> None:
    environ = {
        **os.environ,
        "COMETHOOKS_DATA_DIR": directory,
        "COMETHOOKS_APPS": f"{_APP}:eu:key",
        "COMETCHAT_API_URL": f"{url}/v3",
        **addresses,
    }
    Journal.upgrade(addresses.get("DATABASE_URL") or f"sqlite:///{database_path(Path(directory))}")
    for what, missing in (("fetched and written", events), ("fetched and recognised", 0)):
        began, cpu = time.perf_counter(), _cpu_of_children()
        found, most = _run(environ)
        seconds, cpu = time.perf_counter() - began, _cpu_of_children() - cpu
        assert (found["fetched"], found["missing"]) == (events, missing)
        least = 2000 if missing else None
        report.line(f"{database}: {what}", events / seconds, "messages/s", least=least)
        report.line("  processor time of the command, its start included", cpu / events * 1e6, "µs")
        report.line("  most memory of the command", most, "MB", most=100)


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _run(environ: dict[str, str]) -> tuple[dict[str, Any], float]:
    """What the command prints, and the most memory that it had, in MB."""
    command = [sys.executable, "-m", "comethooks.cli", "backfill", "--app", _APP]
    process = subprocess.Popen(
        [*command, "--since", "360d", "--yes", "--rate", "1000", "--json"],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    most = 0.0
    while process.poll() is None:
        with suppress(OSError):
            status = Path(f"/proc/{process.pid}/status").read_text()
            if peak := re.search(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE):
                most = max(most, int(peak[1]) * 1024 / 1e6)
        time.sleep(0.05)
    assert process.stdout is not None
    return json.loads(process.stdout.read()), most
