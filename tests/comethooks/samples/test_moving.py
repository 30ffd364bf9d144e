"""A body at another time is another event, and otherwise the same."""

from random import Random

import pytest

from comethooks import schemas
from comethooks.samples import all_samples
from comethooks.samples.moving import moved
from comethooks.workers.texts import dumps
from tests.looped import looped

NOW = 1_790_000_000_000
LATER_MS = 7_000_000


@looped("kind, body", all_samples(now_ms=NOW, random=Random(5)), ids=str)
def test_every_sample_happens_later_by_as_much(kind, body):
    """It has the same name and conversation, and another duplicate key if there is a time in it."""
    before, after = body, moved(body, LATER_MS)
    first, second = (schemas.parse(each, dumps(each)) for each in (before, after))
    assert (second.name, second.conversation_id) == (first.name, first.conversation_id)
    if first.occurred_at is None:
        return
    assert abs(second.occurred_at - first.occurred_at - LATER_MS) < 1000
    assert second.duplicate_key != first.duplicate_key
    assert moved(after, -LATER_MS) == before


@pytest.mark.parametrize(
    "given, expected",
    [
        ({"sentAt": 1_790_000_000}, {"sentAt": 1_790_007_000}),
        ({"sentAt": 1_790_000_000_123}, {"sentAt": 1_790_007_000_123}),
        ({"sentAt": "1790000000"}, {"sentAt": "1790007000"}),
        ({"deep": [{"joined_at": 1_790_000_000.5}]}, {"deep": [{"joined_at": 1_790_007_000.5}]}),
        (
            {"editedAt": 0, "deletedAt": None, "at": True},
            {"editedAt": 0, "deletedAt": None, "at": True},
        ),
        (
            {"id": 1_790_000_000, "format": 1_790_000_000},
            {"id": 1_790_000_000, "format": 1_790_000_000},
        ),
        (
            {"readAt": "yesterday", "at": {"timestamp": 1_790_000_000}},
            {"readAt": "yesterday", "at": {"timestamp": 1_790_007_000}},
        ),
    ],
)
def test_only_times_are_moved(given, expected):
    """Numbers in seconds or milliseconds under a key that says so; 0 is none."""
    assert moved(given, LATER_MS) == expected
