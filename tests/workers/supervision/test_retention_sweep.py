"""Retention: what is deleted beside events."""

from dataclasses import replace

from comethooks.workers.clock import now_ms
from comethooks.workers.journal import Settled
from comethooks.workers.streams import keys
from comethooks.workers.streams.counters import DELETED, field
from comethooks.workers.supervision.retention_sweep import Sweeper
from tests.waiting import wait_for
from tests.workers.desk import Desk
from tests.workers.engine import record

DAY_MS = 24 * 3600 * 1000


def test_drift_goes_when_it_was_not_seen_for_as_long_as_events_are_kept(desk: Desk) -> None:
    """With the last event that had it; what was seen since stays, with an example that is there."""
    old = now_ms() - 31 * DAY_MS
    seen = [(0, old, ("data.old", "data.both")), (1, now_ms(), ("data.both",))]
    records = [
        replace(
            record(number, number, received_at=at),
            drift=tuple(("unknown field", path) for path in paths),
        )
        for number, at, paths in seen
    ]
    desk.journal.write([Settled(record=each, runs=(), partition=0) for each in records])
    sweeper = Sweeper(desk.settings, desk.journal, desk.redis)

    def swept() -> bool:
        sweeper.go_on()
        return desk.redis.hget(keys.COUNTERS, field(DELETED, "drift")) == b"1"

    wait_for(swept, "the old one is deleted, and counted")
    (left,) = desk.journal.drift()
    assert (left.path, left.count, left.example_id) == ("data.both", 2, records[1].id)
    assert desk.journal.event(left.example_id) is not None
