"""What runs next: order within a lane, lanes side by side, and marks that are confirmed before going on."""

import threading
from collections.abc import Iterator
from queue import SimpleQueue
from typing import Any

import pytest
from redis import Redis

from tests.redis_server import RedisServer
from tests.waiting import wait_for
from tests.workers.engine import append, clients, handler, partition, record
from workers import keys
from workers.dispatcher import Dispatcher
from workers.items import Item
from workers.marks import LeaseLostError, marks_in, start_mark
from workers.runners import Runners
from workers.states import RunState
from workers.suspects import judge


class Bench:
    """A dispatcher with its inputs and outputs."""

    def __init__(self, server: RedisServer, threads: int = 4) -> None:
        self.redis, own = clients(server.url)
        self.settled: SimpleQueue[Item] = SimpleQueue()
        self.failures: list[Exception] = []
        self.paused = False
        self.runners = Runners(threads, on_failure=self.failures.append)
        self.dispatcher = Dispatcher(
            own,
            self.runners,
            member="host|boot|1",
            before_run=lambda: None,
            paused=lambda: self.paused,
            settled=self.settled.put,
            on_failure=self.failures.append,
        )
        self.runners.start()
        self.dispatcher.start()

    def close(self) -> None:
        """End its threads."""
        self.dispatcher.stop()
        self.dispatcher.join(10)
        self.runners.stop()

    def marks(self, item: Item) -> dict[bytes, bytes]:
        """The marks of an item in Redis, by handler."""
        found: dict[bytes, bytes] = self.redis.hgetall(keys.progress(item.partition.number))  # type: ignore[assignment]
        own = item.entry.encode() + b"/"
        return {name.removeprefix(own): mark for name, mark in found.items() if name.startswith(own)}

    def collect(self, count: int) -> list[Item]:
        """So many settled items, in the order in which they were handed back."""
        return [self.settled.get(timeout=10) for _ in range(count)]


@pytest.fixture
def bench(redis_server: RedisServer) -> Iterator[Bench]:
    made = Bench(redis_server)
    yield made
    made.close()


def items(redis: Redis, lanes: list[int], *handlers: Any) -> list[Item]:
    """An item for each lane, all in partition 0."""
    held = partition(redis)
    made = [append(redis, held, record(lane, number)) for number, lane in enumerate(lanes)]
    for item in made:
        item.todo = handlers
    return made


STARTED = start_mark("host|boot|1")


def suspect(item: Item, handler: str) -> None:
    """Have a run be suspected of one death."""
    item.deaths, item.suspects = {handler: 1}, frozenset({handler})


def close_partition(bench: Bench, item: Item) -> None:
    """What a drainer does when it is to give a partition back."""
    item.partition.closing = True
    bench.dispatcher.look_again()


def test_events_of_a_lane_run_one_after_the_other_in_order(bench: Bench) -> None:
    """However many threads there are."""
    running, most, order = [0], [0], []

    def one_at_a_time(event: Any, ctx: Any) -> None:
        running[0] += 1
        most[0] = max(most[0], running[0])
        order.append(event.message.id)
        running[0] -= 1

    bench.dispatcher.add(items(bench.redis, [1] * 50, handler(one_at_a_time)))
    bench.collect(50)
    assert order == [f"1-{number}" for number in range(50)]
    assert most == [1]


def test_lanes_run_side_by_side(bench: Bench) -> None:
    """Four handlers meet, though each waits for the others."""
    meeting = threading.Barrier(4)
    bench.dispatcher.add(items(bench.redis, [1, 2, 3, 4], handler(lambda e, c: meeting.wait(10))))
    assert [item.results[0].state for item in bench.collect(4)] == [RunState.DONE] * 4


def test_the_next_event_starts_only_when_the_mark_of_the_one_before_is_in_redis(bench: Bench) -> None:
    """Every handler looks for the result of its predecessor."""
    missing = []
    made = items(bench.redis, [1] * 30)

    def look(event: Any, ctx: Any) -> None:
        position = next(i for i, item in enumerate(made) if item.record.id == event.id)
        if position:
            field = f"{made[position - 1].entry}/plugin.handler"
            if bench.redis.hget(keys.progress(0), field) in (None, STARTED):
                missing.append(position)

    for item in made:
        item.todo = [handler(look)]
    bench.dispatcher.add(made)
    bench.collect(30)
    assert missing == []


def test_a_run_is_marked_as_started_before_its_handler_runs(bench: Bench) -> None:
    """Whoever takes over knows what may have killed the process."""
    seen = []
    made = items(bench.redis, [1])
    field = f"{made[0].entry}/plugin.handler"

    def look(event: Any, ctx: Any) -> None:
        wait_for(lambda: bench.redis.hget(keys.progress(0), field), "the mark has arrived")
        seen.append(bench.redis.hget(keys.progress(0), field))

    made[0].todo = [handler(look)]
    bench.dispatcher.add(made)
    bench.collect(1)
    assert seen == [STARTED]


def test_what_is_settled_can_be_read_back_from_its_marks(bench: Bench) -> None:
    """A successor journals the same results."""

    def fail(event: Any, ctx: Any) -> None:
        raise ValueError("no")

    good, bad = handler(lambda e, c: None, "a.good"), handler(fail, "b.bad")
    bench.dispatcher.add(items(bench.redis, [1], good, bad))
    (item,) = bench.collect(1)
    marked = marks_in(bench.redis.hgetall(keys.progress(0)))[item.entry]  # type: ignore[arg-type]
    assert sorted(marked.results, key=lambda result: result.handler) == item.results
    assert [result.state for result in item.results] == [RunState.DONE, RunState.DEAD]
    assert item.results[1].error == "ValueError: no"


def test_of_a_closing_partition_nothing_new_starts(bench: Bench) -> None:
    """What runs ends; the rest is handed back as discarded, and lanes of other partitions go on."""
    started, go_on = threading.Event(), threading.Event()

    def wait(event: Any, ctx: Any) -> None:
        started.set()
        go_on.wait(10)

    made = items(bench.redis, [1, 1, 1], handler(wait))
    bench.dispatcher.add(made)
    started.wait(10)
    close_partition(bench, made[0])
    other = append(bench.redis, partition(bench.redis, 1), record(2))
    other.todo = [handler(lambda e, c: None)]
    bench.dispatcher.add([other])
    assert bench.collect(1) == [other]
    go_on.set()
    assert [item.discarded for item in bench.collect(3)] == [False, True, True]


def test_a_lost_lease_ends_it_and_nothing_more_is_settled(bench: Bench) -> None:
    """Its marks must not mix with those of the successor."""
    made = items(bench.redis, [1], handler(lambda e, c: None))
    bench.redis.set(keys.lease(0), "2|other|boot|2")
    bench.dispatcher.add(made)
    wait_for(lambda: bench.failures, "the loss is noticed")
    assert isinstance(bench.failures[0], LeaseLostError)
    assert bench.settled.empty()
    assert not bench.redis.exists(keys.progress(0))


def test_a_lost_connection_ends_it(own_redis_server: RedisServer) -> None:
    """It never reconnects: what was on its way is unknown."""
    bench = Bench(own_redis_server)
    made = items(bench.redis, [1], handler(lambda e, c: None))
    own_redis_server.kill()
    bench.dispatcher.add(made)
    wait_for(lambda: bench.failures, "the loss is noticed")
    assert bench.settled.empty()


def test_the_rest_of_a_closing_partition_is_not_started_however_many_stand_ready(
    redis_server: RedisServer,
) -> None:
    """With one runner and many lanes, only what runs already ends."""
    bench = Bench(redis_server, threads=1)
    started, go_on = threading.Event(), threading.Event()

    def wait(event: Any, ctx: Any) -> None:
        started.set()
        go_on.wait(10)

    made = items(bench.redis, list(range(40)), handler(wait))
    bench.dispatcher.add(made)
    started.wait(10)
    close_partition(bench, made[0])
    go_on.set()
    settled = bench.collect(40)
    assert sum(not item.discarded for item in settled) == 1
    bench.close()


def test_a_closing_partition_does_not_wait_behind_what_stands_ready(redis_server: RedisServer) -> None:
    """A drainer that joins gets its share while the handlers of this one are still at work."""
    bench = Bench(redis_server, threads=1)
    go_on = threading.Event()
    busy = items(bench.redis, list(range(20)), handler(lambda e, c: go_on.wait(10)))
    bench.dispatcher.add(busy)
    leaving = append(bench.redis, partition(bench.redis, 1), record(100))
    behind = append(bench.redis, leaving.partition, record(100, 2))
    leaving.todo = behind.todo = [handler(lambda e, c: None)]
    bench.dispatcher.add([leaving, behind])
    close_partition(bench, leaving)
    assert bench.collect(2) == [leaving, behind]
    assert leaving.discarded
    assert behind.discarded
    go_on.set()
    bench.collect(20)
    bench.close()


def test_between_two_handlers_of_an_event_a_closing_partition_stops(bench: Bench) -> None:
    """The first one's result stays marked, and no start mark of the second: a successor goes on there."""
    started, go_on = threading.Event(), threading.Event()

    def wait(event: Any, ctx: Any) -> None:
        started.set()
        go_on.wait(10)

    (item,) = items(bench.redis, [1], handler(wait, "a.first"), handler(lambda e, c: None, "b.second"))
    bench.dispatcher.add([item])
    started.wait(10)
    close_partition(bench, item)
    go_on.set()
    assert bench.collect(1) == [item]
    assert item.discarded
    assert set(bench.marks(item)) == {b"a.first"}
    assert [result.handler for result in item.results] == ["a.first"]


def test_what_was_handed_over_and_not_started_leaves_no_mark(redis_server: RedisServer) -> None:
    """A successor would otherwise suspect it."""
    bench = Bench(redis_server, threads=1)
    started, go_on = threading.Event(), threading.Event()

    def wait(event: Any, ctx: Any) -> None:
        started.set()
        go_on.wait(10)

    made = items(bench.redis, [1, 2, 3], handler(wait))
    bench.dispatcher.add(made)
    started.wait(10)
    wait_for(lambda: len(bench.marks(made[2])) == 1, "the last one is handed over")
    close_partition(bench, made[0])
    go_on.set()
    bench.collect(3)
    assert [len(bench.marks(item)) for item in made] == [1, 0, 0]
    bench.close()


def test_while_paused_nothing_starts(bench: Bench) -> None:
    """The journal is away; what is in progress ends, and when the pause is over the rest follows."""
    bench.paused = True
    ran = threading.Event()
    bench.dispatcher.add(items(bench.redis, [1], handler(lambda e, c: ran.set())))
    assert not ran.wait(0.2)
    bench.paused = False
    bench.dispatcher.look_again()
    bench.collect(1)
    assert ran.is_set()


def test_a_suspect_runs_with_nothing_beside_it(bench: Bench) -> None:
    """It waits for what is in progress, and what comes after it waits too."""
    running: set[int] = set()
    together: list[set[int]] = []
    lock = threading.Lock()

    def note(event: Any, ctx: Any) -> None:
        number = int(event.message.id.split("-")[0])
        with lock:
            running.add(number)
            together.append(set(running))
        threading.Event().wait(0.02)
        with lock:
            running.discard(number)

    made = items(bench.redis, [1, 2, 3, 4, 5, 6, 7, 8], handler(note))
    for item in made[2:4]:
        suspect(item, "plugin.handler")
    bench.dispatcher.add(made)
    bench.collect(8)
    assert [seen for seen in together if seen & {3, 4}] == [{3}, {4}]


def test_a_suspect_is_marked_as_one_before_it_runs(bench: Bench) -> None:
    """Confirmed, with the drainer's name and how often its process died; its attempt is the second."""
    seen: list[Any] = []
    (item,) = items(bench.redis, [1])

    def look(event: Any, ctx: Any) -> None:
        marks = marks_in(bench.redis.hgetall(keys.progress(0)))  # type: ignore[arg-type]
        seen.append((marks[item.entry].begun["plugin.handler"], ctx.attempt))

    item.todo = [handler(look)]
    suspect(item, "plugin.handler")
    bench.dispatcher.add([item])
    bench.collect(1)
    ((begun, attempt),) = seen
    assert (begun.member, begun.deaths, begun.alone, attempt) == ("host|boot|1", 1, True, 2)
    assert item.results[0].state is RunState.DONE


def test_each_handler_of_a_suspicious_event_runs_alone_in_its_turn(bench: Bench) -> None:
    """Those that are no suspects too, and the lane goes on after the last."""
    order: list[str] = []
    handlers = [handler(lambda e, c, n=name: order.append(n), name) for name in ("a.a", "b.b", "c.c")]
    made = items(bench.redis, [1, 1], *handlers)
    suspect(made[0], "b.b")
    bench.dispatcher.add(made)
    assert bench.collect(2) == made
    assert order == ["a.a", "b.b", "c.c"] * 2
    assert [result.attempts for result in made[0].results] == [1, 2, 1]
    assert not any(item.discarded for item in made)


def test_a_suspect_that_did_not_run_stays_one(bench: Bench) -> None:
    """Its mark says that it only started, so nobody holds a second death against it."""
    started, go_on = threading.Event(), threading.Event()

    def wait(event: Any, ctx: Any) -> None:
        started.set()
        go_on.wait(10)

    busy, suspicious = items(bench.redis, [1, 2], handler(wait))
    suspect(suspicious, "plugin.handler")
    bench.redis.hset(keys.progress(0), f"{suspicious.entry}/plugin.handler", STARTED)
    bench.dispatcher.add([busy])
    started.wait(10)
    bench.dispatcher.add([suspicious])
    close_partition(bench, busy)
    go_on.set()
    bench.collect(2)
    left = marks_in(bench.redis.hgetall(keys.progress(0)))[suspicious.entry]  # type: ignore[arg-type]
    assert not left.begun["plugin.handler"].alone
    assert judge(left, {}) == ({"plugin.handler": 1}, {"plugin.handler"})


def test_a_handler_that_hangs_is_given_up_and_its_event_stays_for_the_others(bench: Bench) -> None:
    """Its end is marked; the handlers after it are left to a successor."""
    go_on = threading.Event()
    hangs = handler(lambda e, c: go_on.wait(30), "a.hangs", timeout=0.05)
    alone, followed = items(bench.redis, [1, 2])
    alone.todo = [hangs]
    followed.todo = [hangs, handler(lambda e, c: None, "b.after")]
    bench.dispatcher.add([alone, followed])

    def given_up() -> bool:
        bench.runners.enforce_limits()
        return bench.settled.qsize() == 2

    wait_for(given_up, "both are given up")
    assert bench.runners.stuck
    assert (alone.discarded, followed.discarded) == (False, True)
    for item in (alone, followed):
        assert item.results[0].state is RunState.DEAD
        assert "longer than 0.05 s" in (item.results[0].error or "")
        assert set(bench.marks(item)) == {b"a.hangs"}
    go_on.set()


def test_after_a_run_is_given_up_nothing_starts_in_its_lane_or_any_other(bench: Bench) -> None:
    """The handlers after it have not had the event, so no later event of the conversation may be handled."""
    go_on = threading.Event()
    late: list[str] = []

    def after(event: Any, ctx: Any) -> None:
        late.append(event.message.id)

    made = items(bench.redis, [1] * 5)
    for number, item in enumerate(made):
        hangs = handler(lambda e, c: go_on.wait(30), "a.hangs", timeout=0.05)
        first = hangs if number == 0 else handler(lambda e, c: None, "a.hangs")
        item.todo = [first, handler(after, "b.after")]
    bench.dispatcher.add(made)

    def given_up() -> bool:
        bench.runners.enforce_limits()
        return bench.settled.qsize() == 1

    wait_for(given_up, "it is given up")
    close_partition(bench, made[0])
    assert [item.discarded for item in bench.collect(5)] == [True] * 5
    assert late == []
    go_on.set()


def test_slow_handlers_are_handed_one_item_each(redis_server: RedisServer) -> None:
    """So after a crash only what really ran is suspected."""
    bench = Bench(redis_server, threads=2)
    pause = threading.Event()
    first = items(bench.redis, list(range(60)), handler(lambda e, c: pause.wait(0.04)))
    bench.dispatcher.add(first)
    bench.collect(60)
    go_on = threading.Event()
    second = items(bench.redis, list(range(100, 120)), handler(lambda e, c: go_on.wait(10)))
    bench.dispatcher.add(second)
    wait_for(lambda: sum(len(bench.marks(item)) for item in second) == 2, "both runners are at work")
    go_on.set()
    bench.collect(20)
    bench.close()
