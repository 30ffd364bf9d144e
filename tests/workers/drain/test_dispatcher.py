"""What runs next: order within a lane, lanes side by side, and marks that are confirmed before
going on.
"""

import threading
from typing import Any

from comethooks.workers.drain.marks import marks_in
from comethooks.workers.states import RunState
from comethooks.workers.streams import keys
from comethooks.workers.streams.leases import LeaseLostError
from tests.redis_server import RedisServer
from tests.waiting import wait_for
from tests.workers.dispatching import STARTED, Bench, close_partition, items
from tests.workers.engine import Gate, append, handler, partition, record


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


def test_the_next_event_starts_only_when_the_mark_of_the_one_before_is_in_redis(
    bench: Bench,
) -> None:
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
    gate = Gate()
    made = items(bench.redis, [1, 1, 1], handler(gate))
    bench.dispatcher.add(made)
    gate.wait_until_started()
    close_partition(bench, made[0])
    other = append(bench.redis, partition(bench.redis, 1), record(2))
    other.todo = [handler(lambda e, c: None)]
    bench.dispatcher.add([other])
    assert bench.collect(1) == [other]
    gate.open()
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
    bench.close()


def test_the_rest_of_a_closing_partition_is_not_started_however_many_stand_ready(
    redis_server: RedisServer,
) -> None:
    """With one runner and many lanes, only what runs already ends."""
    bench = Bench(redis_server, threads=1)
    gate = Gate()
    made = items(bench.redis, list(range(40)), handler(gate))
    bench.dispatcher.add(made)
    gate.wait_until_started()
    close_partition(bench, made[0])
    gate.open()
    settled = bench.collect(40)
    assert sum(not item.discarded for item in settled) == 1
    bench.close()


def test_a_closing_partition_does_not_wait_behind_what_stands_ready(
    redis_server: RedisServer,
) -> None:
    """A drainer that joins gets its share while the handlers of this one are still at work."""
    bench = Bench(redis_server, threads=1)
    gate = Gate()
    busy = items(bench.redis, list(range(20)), handler(gate))
    bench.dispatcher.add(busy)
    leaving = append(bench.redis, partition(bench.redis, 1), record(100))
    behind = append(bench.redis, leaving.partition, record(100, 2))
    leaving.todo = behind.todo = [handler(lambda e, c: None)]
    bench.dispatcher.add([leaving, behind])
    close_partition(bench, leaving)
    assert bench.collect(2) == [leaving, behind]
    assert leaving.discarded
    assert behind.discarded
    gate.open()
    bench.collect(20)
    bench.close()


def test_between_two_handlers_of_an_event_a_closing_partition_stops(bench: Bench) -> None:
    """The first one's result stays marked, and no start mark of the second: a successor goes on
    there.
    """
    gate = Gate()
    (item,) = items(
        bench.redis, [1], handler(gate, "a.first"), handler(lambda e, c: None, "b.second")
    )
    bench.dispatcher.add([item])
    gate.wait_until_started()
    close_partition(bench, item)
    gate.open()
    assert bench.collect(1) == [item]
    assert item.discarded
    assert set(bench.marks(item)) == {b"a.first"}
    assert [result.handler for result in item.results] == ["a.first"]


def test_what_was_handed_over_and_not_started_leaves_no_mark(redis_server: RedisServer) -> None:
    """A successor would otherwise run it alone."""
    bench = Bench(redis_server, threads=1)
    gate = Gate()
    made = items(bench.redis, [1, 2, 3], handler(gate))
    bench.dispatcher.add(made)
    gate.wait_until_started()
    wait_for(lambda: len(bench.marks(made[2])) == 1, "the last one is handed over")
    close_partition(bench, made[0])
    gate.open()
    bench.collect(3)
    assert [len(bench.marks(item)) for item in made] == [1, 0, 0]
    bench.close()


def test_while_paused_nothing_starts(bench: Bench) -> None:
    """The journal is away; what is in progress ends, and when the pause is over the rest
    follows.
    """
    bench.paused = True
    ran = threading.Event()
    bench.dispatcher.add(items(bench.redis, [1], handler(lambda e, c: ran.set())))
    assert not ran.wait(0.2)
    bench.paused = False
    bench.dispatcher.look_again()
    bench.collect(1)
    assert ran.is_set()
