"""Marks of runs: what is written comes back, and what cannot be read is run again."""

import orjson
import pytest

from workers.journal import RunResult
from workers.marks import FORMAT, Begun, mark_of, marks_in, start_mark, suspect_mark
from workers.states import RunState

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


def test_marks_come_back_by_entry() -> None:
    """Results whole, and the handlers that started or are suspects."""
    found = marks_in(
        {
            b"5-0/a.b": mark_of(RESULT),
            b"5-0/c.d": start_mark("host|boot|1", 1),
            b"6-0/a.b": suspect_mark("host|boot|1", 1, 7, None),
        }
    )
    assert found["5-0"].results == [RESULT]
    assert found["5-0"].begun == {"c.d": Begun("host|boot|1", 1)}
    assert found["6-0"].begun == {"a.b": Begun("host|boot|1", 1, alone=True, started_at=7)}
    assert found["5-0"].handlers == {"a.b", "c.d"}


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
        orjson.dumps([FORMAT, "suspect"]),
        b"started",
        b"\xff\x00",
    ],
)
def test_a_mark_that_cannot_be_read_counts_as_started(mark: bytes) -> None:
    """Of another version, or damaged: the run is repeated, and no worker ends of it."""
    found = marks_in({b"5-0/a.b": mark, b"5-0/c.d": mark_of(RESULT)})
    assert found["5-0"].begun == {"a.b": Begun("", 0)}
    assert len(found["5-0"].results) == 1
