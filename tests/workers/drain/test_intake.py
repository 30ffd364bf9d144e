"""What a drainer reads: as much as there is room for, and nothing that stands in the way for
ever.
"""

from comethooks.workers.drain.intake import PARTITION_QUOTA, WINDOW_BYTES, Intake
from comethooks.workers.drain.items import Partition
from comethooks.workers.drain.marks import mark_of, read_marks
from comethooks.workers.journal import Attempt, RunResult, Settled
from comethooks.workers.plugins.loaded import Plugins
from comethooks.workers.record import FORMAT, Kind
from comethooks.workers.states import AttemptState, RunState
from comethooks.workers.streams import keys
from tests.redis_server import RedisServer
from tests.workers.desk import Desk
from tests.workers.engine import append, handler, partition, record


def test_one_partition_gets_no_more_than_its_quota(redis_server: RedisServer) -> None:
    """Until some of it has left."""
    client = redis_server.client()
    held = partition(client)
    for number in range(PARTITION_QUOTA + 50):
        append(client, held, record(number=number))
    intake, items = Intake(client, Plugins()), []
    while readable := intake.readable([held]):
        items += intake.read(readable, 0.01)
    assert len(items) <= PARTITION_QUOTA + PARTITION_QUOTA // 2
    for item in items[:100]:
        intake.release(item)
    assert intake.readable([held]) == [held]


def test_large_entries_fill_the_window_by_their_bytes(redis_server: RedisServer) -> None:
    """As soon as it is known how large they are."""
    client = redis_server.client()
    held = partition(client)
    for number in range(100):
        append(client, held, record(number=number, body=b"x" * 1_000_000))
    intake, read = Intake(client, Plugins()), 0
    while readable := intake.readable([held]):
        read += len(intake.read(readable, 0.01))
    assert read * 1_000_000 <= WINDOW_BYTES + 64 * 1_000_000


def test_an_entry_that_nobody_can_read_is_kept_as_a_refused_request(
    redis_server: RedisServer,
) -> None:
    """With its body, under the same id however often it is read, so that it stands in nobody's
    way.
    """
    client = redis_server.client()
    held = partition(client)
    client.xadd(keys.stream(0), {"v": FORMAT, "k": "event", "m": b"[broken", "b": b"the body"})
    kept = [
        Intake(client, Plugins()).read([Partition(0, held.lease, {})], 0.01)[0].record
        for _ in range(2)
    ]
    assert kept[0] == kept[1]
    assert (kept[0].kind, kept[0].body) == (Kind.REFUSED, b"the body")
    assert "damaged" in (kept[0].reason or "")


def test_an_entry_of_another_format_is_left_to_another_version(redis_server: RedisServer) -> None:
    """What comes after it is read."""
    client = redis_server.client()
    held = partition(client)
    client.xadd(keys.stream(0), {"v": "99", "b": "?"})
    after = append(client, held, record())
    items = Intake(client, Plugins()).read([held], 0.01)
    assert [item.entry for item in items] == [after.entry]


def test_what_a_drainer_did_that_died_after_its_end_is_in_the_journal(desk: Desk) -> None:
    """Its mark tells of the effects, and of the attempt before in which another drainer died."""
    held = partition(desk.redis)
    item = append(desk.redis, held, record())
    died = Attempt(1, None, None, "its process ended before it did (SIGKILL)")
    result = RunResult(
        "plugin.handler", RunState.DONE, 2, 5, 7, effects=("POST x",), earlier=(died,)
    )
    desk.redis.hset(keys.progress(0), f"{item.entry}/plugin.handler", mark_of(result))
    held.marks = read_marks(desk.redis, 0)
    (found,) = Intake(desk.redis, desk.plugins(handler(lambda event, ctx: None))).read([held], 0.01)
    assert not found.todo
    desk.journal.write([Settled(record=found.record, runs=tuple(found.results), partition=0)])
    (run,) = desk.journal.runs_of(item.record.id)
    ended = Attempt(2, 5, 7, None, ("POST x",), AttemptState.DONE)
    assert (run.effects, run.attempts_made) == (("POST x",), (died, ended))
