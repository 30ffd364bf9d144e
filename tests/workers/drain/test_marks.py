"""Marks of runs: what is written comes back, and what cannot be read is run again."""

from dataclasses import replace

import orjson
import pytest

from comethooks.workers.drain.marks import (
    FORMAT,
    Begun,
    alone_mark,
    mark_of,
    marks_in,
    start_mark,
)
from comethooks.workers.journal import Attempt, RunResult
from comethooks.workers.states import RunState

RESULT = RunResult(
    handler="a.b",
    state=RunState.RETRYING,
    attempts=2,
    started_at=1,
    finished_at=5,
    error="ValueError: half an emoji \ufffd",
    traceback="Traceback …",
    next_at=9,
    version="1.0",
)
DIED = (Attempt(1, 7, None, "its process ended before it did (SIGKILL)"),)


def test_marks_come_back_by_entry() -> None:
    """Results whole, and the handlers that started or ran alone, with what is known of attempts
    before.
    """
    begun = replace(
        RESULT, handler="e.f", effects=("POST https://example.com 201", "emit a.b"), earlier=DIED
    )
    found = marks_in(
        {
            b"5-0/a.b": mark_of(RESULT),
            b"5-0/c.d": start_mark("host|boot|1", DIED),
            b"5-0/e.f": mark_of(begun),
            b"6-0/a.b": alone_mark("host|boot|1", DIED, 9, None),
            b"6-0/c.d": start_mark("host|boot|1"),
        }
    )
    assert found["5-0"].results == [RESULT, begun]
    assert found["5-0"].begun == {"c.d": Begun("host|boot|1", 1, died=DIED)}
    assert found["6-0"].begun == {
        "a.b": Begun("host|boot|1", 1, alone=True, started_at=9, died=DIED),
        "c.d": Begun("host|boot|1", 0),
    }
    assert found["5-0"].handlers == {"a.b", "c.d", "e.f"}


def test_a_run_without_effects_that_nobody_died_of_has_the_shortest_mark() -> None:
    """As nearly all have: Redis holds and writes no byte for what there is not."""
    assert orjson.loads(mark_of(RESULT)) == [
        FORMAT, "retrying", 2, 1, 5, "ValueError: half an emoji \ufffd", "Traceback …", 9, "1.0",
    ]  # fmt: skip
    assert orjson.loads(start_mark("host|boot|1")) == [FORMAT, "started", "host|boot|1", 0]


@pytest.mark.parametrize(
    "mark",
    [
        b"",
        b"what",
        b"7",
        b"[]",
        b"null",
        orjson.dumps([FORMAT]),
        orjson.dumps([FORMAT + 1, "done", 1, 1, 1, None, None, None, None]),
        orjson.dumps([FORMAT, "resting", 1, 1, 1, None, None, None, None]),
        orjson.dumps([FORMAT, "done", 1]),
        orjson.dumps([FORMAT, "alone"]),
        orjson.dumps([FORMAT, "alone", "host|boot|1", 2, 7, "1.0"]),
        orjson.dumps([FORMAT, "started", "host|boot|1", 1, 7]),
        orjson.dumps([FORMAT, "started", "host|boot|1", 1, [[1]]]),
        orjson.dumps([FORMAT, "done", 1, 1, 1, None, None, None, None, None, []]),
        b"started",
        b"\xff\x00",
    ],
)
def test_a_mark_that_cannot_be_read_counts_as_started(mark: bytes) -> None:
    """Of another version, or damaged: the run is repeated, and no worker ends of it."""
    found = marks_in({b"5-0/a.b": mark, b"5-0/c.d": mark_of(RESULT)})
    assert found["5-0"].begun == {"a.b": Begun("", 0)}
    assert len(found["5-0"].results) == 1
