"""How long it takes to forget a user of whom a hundredth of a journal tells, and what live events
notice of it.

The journal has ten times `--events`. Each posted event is timed from the call to its answer, and
to the moment when its handler has it.
"""

import http.client
import json
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from bench.deployment import stack
from bench.growth import write
from bench.load import documented_message, post_one
from bench.report import Report, percentile
from comethooks import schemas
from comethooks.workers.analytics.sizes import DAY_MS
from comethooks.workers.clock import now_ms
from comethooks.workers.ids import id_at
from comethooks.workers.journal import Journal, Settled
from comethooks.workers.record import event_record
from comethooks.workers.settings.settings import Settings
from comethooks.workers.texts import dumps
from tests.scenarios.stack import Stack
from tests.servers import running_postgres
from tests.waiting import wait_for

MOST_SECONDS = 300
MOST_TIMES = 2
_UID, _APP = "omar-4711", "app1"
_ONE_IN = 100
_RATE = 50
_USUAL_SECONDS = 20.0
CLOCK = """
    import time
    from comethooks import Plugin
    plugin = Plugin("watch")

    @plugin.on("message_sent")
    def seen(event, ctx):
        late = time.time_ns() - int(event.message.text.split()[-1])
        with open("FILE", "ab", buffering=0) as file:
            file.write(f"{late}\\n".encode())
"""


def forgetting(report: Report, events: int) -> None:
    """Forget a user of ten times `--events`, beside 50 events a second, in SQLite."""
    _measure(report, "SQLite", events)


def forgetting_postgres(report: Report, events: int) -> None:
    """The same in PostgreSQL."""
    with running_postgres() as database:
        _measure(report, "PostgreSQL", events, DATABASE_URL=database.url)


def _measure(report: Report, database: str, events: int, **settings: str) -> None:
    file = Path(f"/tmp/forgetting-{os.getpid()}")
    with stack(CLOCK.replace("FILE", str(file)), "watch", **settings) as (made, _):
        number = 10 * events
        _fill(made, number)
        made.web()
        made.start("worker")
        posted = _Live(made.port).run_for(3.0)
        wait_for(
            lambda: file.exists() and len(file.read_bytes().split()) >= posted,
            "handlers have had what was posted",
            seconds=120,
        )
        _Live(made.port).run_for(3.0)
        usual = _measured(report, "usually", made, file, lambda: time.sleep(_USUAL_SECONDS))
        began = time.monotonic()
        told: list[str] = []
        during = _measured(report, "meanwhile", made, file, lambda: told.append(_forget(made)))
        seconds = time.monotonic() - began
        report.line(
            f"{database}: {number:,} events, {number // _ONE_IN:,} about the user",
            seconds,
            "s",
            most=MOST_SECONDS,
        )
        rows = json.loads(told[0])["rows"]
        report.line("  rows changed", rows, "rows", least=number / _ONE_IN)
        for what, before, after in zip(("answers", "handlers"), usual, during, strict=True):
            report.line(f"  p99 of {what}, as a multiple", after / before, "times", most=MOST_TIMES)
    file.unlink(missing_ok=True)


def _forget(made: Stack) -> str:
    return made.run("forget", _UID, "--app", _APP, "--yes", "--json", seconds=1800).stdout


def _measured(
    report: Report, when: str, made: Stack, file: Path, work: Callable[[], object]
) -> tuple[float, float]:
    """The p99 of answers and of handlers (ms) while `work` is done."""
    file.write_bytes(b"")
    live = _Live(made.port)
    live.start()
    work()
    live.stop()
    time.sleep(1)
    late = [int(line) / 1e6 for line in file.read_text().split()]
    answers, handlers = (percentile(each, 99) for each in (live.times, late))
    report.line(f"  p99 of answers {when}", answers, "ms")
    report.line(f"  p99 until the handler has it {when}", handlers, "ms")
    return answers, handlers


class _Live(threading.Thread):
    """Posts events at a steady rate until it is stopped."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self.times: list[float] = []
        self._connection = http.client.HTTPConnection("127.0.0.1", port)
        self._stopped = threading.Event()

    def run(self) -> None:
        """Post."""
        began, count = time.monotonic(), 0
        while not self._stopped.is_set():
            time.sleep(max(0.0, began + count / _RATE - time.monotonic()))
            body = documented_message(count % 100, 10**9 + count)
            told = json.dumps(body).replace(f"message number {10**9 + count}", _sent_now())
            started = time.perf_counter()
            post_one(self._connection, told.encode())
            self.times.append(1000 * (time.perf_counter() - started))
            count += 1

    def run_for(self, seconds: float) -> int:
        """Post for so long; how many that were."""
        self.start()
        time.sleep(seconds)
        self.stop()
        return len(self.times)

    def stop(self) -> None:
        """Stop, and wait for the last answer."""
        self._stopped.set()
        self.join()


def _sent_now() -> str:
    return f"sent at {time.time_ns()}"


def _fill(made: Stack, number: int) -> None:
    """Write the events, of the last day."""
    journal = Journal.open(Settings.load(made.environment).database_url, durable=False)
    first = now_ms() - DAY_MS

    def settled(count: int) -> Settled:
        at = first + count * 80_000_000 // number
        body = documented_message(count % 1000, count, **_about_the_user(count))
        raw = dumps(body)
        parsed = schemas.parse(body, raw)
        return Settled(event_record(parsed, id=id_at(at), received_at=at, body=raw), (), 0)

    write(journal, map(settled, range(number)))
    journal.close()


def _about_the_user(count: int) -> dict[str, object]:
    """Half of those that tell of the user were sent by the user, half name the user."""
    if count % _ONE_IN:
        return {}
    if count % (2 * _ONE_IN):
        return {"sender": _UID}
    return {"metadata": {"seenBy": [_UID]}}
