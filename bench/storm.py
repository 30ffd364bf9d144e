"""Runs that failed at once and are due together: how fast they are worked off, and what live events
notice.
"""

import contextlib
import http.client
import json
import statistics
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import update

from bench.growth import write
from bench.load import documented_message, post_one
from comethooks.workers.clock import now_ms
from comethooks.workers.journal import Journal, RunResult, Settled
from comethooks.workers.journal.tables.database import for_writing
from comethooks.workers.journal.tables.models import runs
from comethooks.workers.states import RunState
from tests.scenarios.load import event_record
from tests.scenarios.stack import Effects
from tests.waiting import wait_for

PER_SECOND = 20.0
"""Live events."""
HANDLER = "storm.again"
PLUGIN = """
    import time
    from marshmallow import fields
    from comethooks import Plugin, Retry

    storm = Plugin("storm", config={"file": fields.String(required=True)})

    @storm.on("storm", retry=Retry(attempts=2, base=1, jitter=False))
    def again(event, ctx):
        line = f"{event.id} {event.conversation_id} {event.message.id} {ctx.attempt}\\n"
        with open(ctx.config.file, "ab", buffering=0) as file:
            file.write(line.encode())
"""
"""Its handler is asked for by nobody but by the runs that `write_failed` makes."""
_LATER_MS = 3600_000


@dataclass(frozen=True)
class Storm:
    """What came of it: runs a second, the order of events, and how late live events were without
    and with it.
    """

    runs: int
    seconds: float
    calm_ms: Sequence[float]
    """From the call to the handler."""
    storm_ms: Sequence[float]
    calm_after_answer_ms: Sequence[float]
    """From the answer to the handler."""
    storm_after_answer_ms: Sequence[float]

    @property
    def per_second(self) -> float:
        """Runs that were worked off a second."""
        return self.runs / self.seconds

    @property
    def slowdown(self) -> float:
        """The median of live events in the storm, in terms of that without."""
        return statistics.median(self.storm_ms) / statistics.median(self.calm_ms)


@dataclass
class Live:
    """Posts single messages, and remembers when each was called and answered (ns)."""

    port: int
    called: dict[str, int] = field(default_factory=dict)
    answered: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._post, daemon=True)

    @contextlib.contextmanager
    def posting(self) -> Iterator["Live"]:
        """Post until the block is left."""
        self._thread.start()
        yield self
        self._stop.set()
        self._thread.join(30)

    def _post(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        number = 0
        while not self._stop.wait(1 / PER_SECOND):
            name = f"{number % 40}-{number}"
            body = json.dumps(documented_message(number % 40, number)).encode()
            self.called[name] = time.time_ns()
            post_one(connection, body)
            self.answered[name] = time.time_ns()
            number += 1
        connection.close()


def write_failed(journal: Journal, number: int) -> None:
    """Journal events that have one run each, which has failed once and is due in an hour."""
    due = now_ms() + _LATER_MS
    events = (event_record(1000 + each % 1000, each) for each in range(number))
    write(journal, (Settled(each, (_failed(due),), 0) for each in events))


def _failed(due: int) -> RunResult:
    return RunResult(
        handler=HANDLER,
        state=RunState.RETRYING,
        attempts=1,
        started_at=due - _LATER_MS,
        finished_at=due - _LATER_MS,
        error="ConnectionError: the other side is away",
        traceback="Traceback (most recent call last): ...",
        next_at=due,
        version="1",
    )


def make_due(journal: Journal) -> None:
    """Let all of them be due now."""
    with for_writing(journal.engine).begin() as connection:
        connection.execute(
            update(runs).where(runs.c.state == RunState.RETRYING.value).values(next_at=now_ms())
        )


def measure(
    journal: Journal, port: int, effects: Path, number: int, *, calm: int, seconds: float
) -> Storm:
    """Post live events, `calm` of them before and the others while `number` failed runs are worked
    off.
    """
    write_failed(journal, number)
    with Live(port).posting() as live:
        wait_for(
            lambda: len(live.answered) >= calm,
            "live events are answered",
            seconds=10 * calm / PER_SECOND,
        )
        make_due(journal)
        due = time.time_ns()
        wait_for(
            lambda: (
                _pause_after(0.2, not journal.unfinished().get(RunState.RETRYING))
                and not journal.unfinished()
            ),
            "all are worked off",
            seconds=seconds,
        )
        done = time.time_ns()
    wait_for(lambda: len(live_lines(effects)) >= len(live.answered), "live events are handled")
    handled = {line[2]: line[3] for line in live_lines(effects)}
    in_storm = {name for name, called in live.called.items() if due <= called < done}
    in_calm = {name for name, called in live.called.items() if called < due} - set(
        list(live.called)[:20]
    )

    def late(since: dict[str, int], names: set[str]) -> list[float]:
        return [(handled[name] - since[name]) / 1e6 for name in names]

    return Storm(
        runs=number,
        seconds=(done - due) / 1e9,
        calm_ms=late(live.called, in_calm),
        storm_ms=late(live.called, in_storm),
        calm_after_answer_ms=late(live.answered, in_calm),
        storm_after_answer_ms=late(live.answered, in_storm),
    )


def live_lines(effects: Path) -> list[tuple[str, str, str, int]]:
    """The effects of live events."""
    return Effects.read(effects).lines


def _pause_after(seconds: float, condition: bool) -> bool:
    """`condition`; asking again costs the journal something, so not at once."""
    if not condition:
        threading.Event().wait(seconds)
    return condition
