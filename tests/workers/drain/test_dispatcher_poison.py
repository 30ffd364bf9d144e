"""What may have killed a process runs in another one, and what hangs is given up: nothing overtakes
it.
"""

import threading
from typing import Any

from comethooks.workers.drain.lanes import STARTED_PER_RUNNER
from comethooks.workers.drain.marks import marks_in
from comethooks.workers.drain.poison_runs import deaths_in
from comethooks.workers.handlers.in_line import MOST_IN_LINE
from comethooks.workers.journal import Line
from comethooks.workers.processes import EXIT_FAILED
from comethooks.workers.states import RunState
from comethooks.workers.streams import keys
from tests.redis_server import RedisServer
from tests.waiting import wait_for
from tests.workers.dispatching import STARTED, Bench, close_partition, items, may_be_poison
from tests.workers.engine import Gate, handler


def test_what_may_be_poison_runs_beside_the_others_and_keeps_its_lane(bench: Bench) -> None:
    """Nobody waits for it but later events of its conversation."""
    gate, order = Gate(), []
    poison, later, other = items(bench.redis, [1, 1, 2])
    poison.todo = [handler(gate)]
    later.todo = [handler(lambda e, c: order.append("later"))]
    other.todo = [handler(lambda e, c: order.append("other"))]
    may_be_poison(poison, "plugin.handler")
    bench.dispatcher.add([poison, later])
    gate.wait_until_started()
    bench.dispatcher.add([other])
    assert bench.collect(1) == [other]
    assert not bench.dispatcher.idle
    gate.open()
    assert bench.collect(2) == [poison, later]
    assert order == ["other", "later"]


def test_a_run_whose_own_process_dies_is_dead_and_its_lane_goes_on(bench: Bench) -> None:
    """The drainer has seen it; the handlers after it are run as well."""
    poison, later = items(bench.redis, [1, 1], handler(lambda e, c: None))
    poison.todo = [handler(lambda e, c: None, "a.poison"), handler(lambda e, c: None, "b.after")]
    may_be_poison(poison, "a.poison")
    bench.deaths.put("SIGSEGV")
    bench.dispatcher.add([poison, later])
    assert bench.collect(2) == [poison, later]
    dead, after = poison.results
    assert (dead.state, dead.error) == (RunState.DEAD, "killed its worker twice (SIGSEGV)")
    assert (dead.attempts, dead.earlier) == (2, poison.deaths["a.poison"])
    assert after.state is later.results[0].state is RunState.DONE


def test_a_run_whose_own_process_ended_itself_is_repeated_in_another(bench: Bench) -> None:
    """It has one death more behind it, which its mark tells before it runs again."""
    (poison,) = items(bench.redis, [1], handler(lambda e, c: None))
    may_be_poison(poison, "plugin.handler")
    bench.deaths.put(f"exit status {EXIT_FAILED}")
    bench.dispatcher.add([poison])
    bench.collect(1)
    (result,) = poison.results
    assert (result.state, result.attempts) == (RunState.DONE, 3)
    assert [died.number for died in result.earlier] == [1, 2]


def test_the_dead_run_of_an_ordered_handler_is_the_first_of_its_line(bench: Bench) -> None:
    """Later ones wait for somebody to decide."""
    poison, later = items(bench.redis, [1, 1], handler(lambda e, c: None, ordered=True))
    may_be_poison(poison, "plugin.handler")
    bench.deaths.put("SIGKILL")
    bench.dispatcher.add([poison, later])
    bench.collect(2)
    assert [each.results[0].state for each in (poison, later)] == [RunState.DEAD, RunState.WAITING]
    assert poison.results[0].lane == later.results[0].lane


def test_it_is_marked_as_alone_before_it_runs(bench: Bench) -> None:
    """Confirmed, with the drainer's name and how often its process died; its attempt is the
    second.
    """
    seen: list[Any] = []
    (item,) = items(bench.redis, [1])

    def look(event: Any, ctx: Any) -> None:
        marks = marks_in(bench.redis.hgetall(keys.progress(0)))  # type: ignore[arg-type]
        seen.append((marks[item.entry].begun["plugin.handler"], ctx.attempt))

    item.todo = [handler(look)]
    may_be_poison(item, "plugin.handler")
    bench.dispatcher.add([item])
    bench.collect(1)
    ((begun, attempt),) = seen
    assert (begun.member, begun.deaths, begun.alone, attempt) == ("host|boot|1", 1, True, 2)
    (result,) = item.results
    assert (result.state, result.attempts) == (RunState.DONE, 2)
    assert result.earlier == item.deaths["plugin.handler"] == begun.died


def test_each_handler_of_such_an_event_runs_alone_in_its_turn(bench: Bench) -> None:
    """Those that nobody died of too, and the lane goes on after the last."""
    order: list[str] = []
    handlers = [
        handler(lambda e, c, n=name: order.append(n), name) for name in ("a.a", "b.b", "c.c")
    ]
    made = items(bench.redis, [1, 1], *handlers)
    may_be_poison(made[0], "b.b")
    bench.dispatcher.add(made)
    assert bench.collect(2) == made
    assert order == ["a.a", "b.b", "c.c"] * 2
    assert [result.attempts for result in made[0].results] == [1, 2, 1]
    assert not any(item.discarded for item in made)


def test_what_may_be_poison_and_did_not_run_stays_so(bench: Bench) -> None:
    """Its mark says that it only started, so it has no second death behind it."""
    (poison,) = items(bench.redis, [1], handler(Gate()))
    may_be_poison(poison, "plugin.handler")
    bench.redis.hset(keys.progress(0), f"{poison.entry}/plugin.handler", STARTED)
    poison.partition.closing = True
    bench.dispatcher.add([poison])
    assert bench.collect(1)[0].discarded
    left = marks_in(bench.redis.hgetall(keys.progress(0)))[poison.entry]  # type: ignore[arg-type]
    assert not left.begun["plugin.handler"].alone
    deaths, alone = deaths_in(poison.record.id, left, {})
    assert ([died.number for died in deaths["plugin.handler"]], alone) == ([1], {"plugin.handler"})


def test_a_handler_that_hangs_is_given_up_and_its_event_stays_for_the_others(bench: Bench) -> None:
    """Its end is marked; the handlers after it are left to a successor."""
    gate = Gate()
    hangs = handler(gate, "a.hangs", timeout=0.05)
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
    gate.open()


def test_after_a_run_is_given_up_nothing_starts_in_its_lane_or_any_other(bench: Bench) -> None:
    """The handlers after it have not had the event, so no later event of the conversation may be
    handled.
    """
    gate = Gate()
    late: list[str] = []

    def after(event: Any, ctx: Any) -> None:
        late.append(event.message.id)

    made = items(bench.redis, [1] * 5)
    for number, item in enumerate(made):
        hangs = handler(gate, "a.hangs", timeout=0.05)
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
    gate.open()


def test_what_waits_is_handed_back_when_every_runner_hangs(redis_server: RedisServer) -> None:
    """Nobody waits for a runner that will never be free: the process has to be replaced."""
    bench = Bench(redis_server, threads=2)
    gate = Gate()
    made = items(bench.redis, list(range(8)), handler(gate, timeout=0.05))
    bench.dispatcher.add(made)

    def given_up() -> bool:
        bench.runners.enforce_limits()
        return bench.settled.qsize() >= 2

    wait_for(given_up, "both runners are given up")
    close_partition(bench, made[0])
    ended = bench.collect(8)
    assert sum(item.discarded for item in ended) == 6
    assert sum(len(bench.marks(item)) for item in made) == 2
    gate.open()
    bench.close()


def test_slow_handlers_are_handed_one_item_each(redis_server: RedisServer) -> None:
    """So after a crash only what really ran may be poison."""
    bench = Bench(redis_server, threads=2)
    pause = threading.Event()
    first = items(bench.redis, list(range(60)), handler(lambda e, c: pause.wait(0.04)))
    bench.dispatcher.add(first)
    bench.collect(60)
    gate = Gate()
    second = items(bench.redis, list(range(100, 120)), handler(gate))
    bench.dispatcher.add(second)
    wait_for(
        lambda: sum(len(bench.marks(item)) for item in second) == 2, "both runners are at work"
    )
    gate.open()
    bench.collect(20)
    bench.close()


def test_what_never_started_says_nothing_of_how_long_handlers_take(
    redis_server: RedisServer,
) -> None:
    """As a run that too many wait before: it has an end, and no start."""
    bench = Bench(redis_server, threads=2)
    made = items(bench.redis, [1], handler(Gate(), ordered=True))
    bench.lines.update({Line("plugin.handler", "app1/group_room1"): MOST_IN_LINE})
    bench.dispatcher.add(made)
    assert bench.collect(1)[0].results[0].state is RunState.DEAD
    gate = Gate()
    others = items(bench.redis, list(range(100, 120)), handler(gate))
    bench.dispatcher.add(others)
    wait_for(
        lambda: sum(len(bench.marks(item)) for item in others) == 2 * STARTED_PER_RUNNER,
        "both runners have more than one item",
    )
    gate.open()
    bench.collect(20)
    bench.close()
