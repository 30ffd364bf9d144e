"""What a drainer reads: as much as there is room for, and nothing that stands in the way for
ever.
"""

from comethooks.workers.drain.hot_lanes import LANE_QUOTA
from comethooks.workers.drain.intake import PARTITION_QUOTA, WINDOW_BYTES, Intake
from comethooks.workers.drain.items import Item, Partition
from comethooks.workers.drain.marks import mark_of, read_marks
from comethooks.workers.journal import Attempt, RunResult, Settled
from comethooks.workers.plugins.loaded import LoadedPlugin, Plugins
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
        append(client, held, record(number, number))
    intake, items = Intake(client, Plugins()), []
    while readable := intake.readable([held]):
        items += intake.read(readable, 0.01)
    assert len(items) <= PARTITION_QUOTA + PARTITION_QUOTA // 2
    for item in items[:100]:
        intake.release(item)
    assert intake.readable([held]) == [held]


def plugins() -> Plugins:
    """A plugin that wants everything."""
    bound = handler(lambda event, ctx: None)
    return Plugins(loaded=(LoadedPlugin("plugin", "test", "1", "test.py", bound.config, (bound,)),))


def test_a_hot_lane_is_passed_and_read_again_in_its_order(redis_server: RedisServer) -> None:
    """Those behind it are read at once, and of it never more than its quota waits here."""
    client = redis_server.client()
    held = partition(client)
    hot = [append(client, held, record(1, number)).entry for number in range(300)]
    others = [append(client, held, record(number, 1)).entry for number in range(2, 40)]
    intake = Intake(client, plugins())
    first = [item for _ in range(12) for item in intake.read(intake.readable([held]), 0.001)]
    assert [item.entry for item in first] == [*hot[:LANE_QUOTA], *others]
    read, waiting = first, first
    while len(read) < 338:
        for item in waiting:
            item.end()
            client.xdel(keys.stream(0), item.entry)
            intake.release(item)
        assert intake.is_behind([held])
        waiting = intake.read(intake.readable([held]), 0.001)
        assert len(waiting) <= LANE_QUOTA
        read = read + waiting
    assert [item.entry for item in read if item.record.key == "group_room1"] == hot
    intake.read([held], 0.001)
    assert not intake.is_behind([held])


def test_what_waits_in_a_hot_lane_while_it_is_read_again_is_read_once(
    redis_server: RedisServer,
) -> None:
    """Also when neighbours, and some of its own, are still on their way."""
    client = redis_server.client()
    held = partition(client)
    for number in range(200):
        append(client, held, record(1, number))
        append(client, held, record(2, number))
    intake = Intake(client, plugins())
    read: list[str] = []
    waiting: list[Item] = []
    while len(read) < 400:
        waiting += intake.read(intake.readable([held]), 0.001)
        read += [item.entry for item in waiting if item.entry not in read]
        for item in waiting[:5]:
            item.end()
            client.xdel(keys.stream(0), item.entry)
            intake.release(item)
        waiting = waiting[5:]
    assert len({item.entry for item in waiting}) == len(waiting) == intake.unsettled


def test_large_entries_fill_the_window_by_their_bytes(redis_server: RedisServer) -> None:
    """From the first of them on, in however many partitions they are."""
    client = redis_server.client()
    held = [partition(client, number) for number in range(4)]
    for number in range(80):
        append(client, held[number % 4], record(number=number, body=b"x" * 1_000_000))
    intake, read = Intake(client, Plugins()), 0
    while readable := intake.readable(held):
        read += len(intake.read(readable, 0.01))
    assert read * 1_000_000 <= WINDOW_BYTES + 4 * 1_000_000


def test_of_entries_of_100_kb_few_are_read_at_once(redis_server: RedisServer) -> None:
    """An answer of Redis is limited by bytes, also before it is known how large they are."""
    client = redis_server.client()
    held = [partition(client, number) for number in range(4)]
    for each in held:
        for number in range(50):
            append(client, each, record(number=number, body=b"x" * 100_000))
    intake = Intake(client, Plugins())
    read = [len(intake.read(held, 0.01)) for _ in range(3)]
    assert max(read) * 100_000 <= 7_000_000


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
