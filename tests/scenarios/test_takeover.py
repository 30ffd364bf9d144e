"""Workers that come, go and die while events pour in: nothing is lost, late, out of order or left
over.
"""

import os
import random
import signal
import threading
from pathlib import Path

import pytest
from redis import Redis

from comethooks.workers.journal import Filter
from comethooks.workers.processes import member_name
from comethooks.workers.states import RunState
from comethooks.workers.streams import keys
from comethooks.workers.streams.accept import Streams
from comethooks.workers.streams.connections import connect
from tests.command_processes import Process
from tests.redis_server import RedisServer
from tests.scenarios.judging import journal_of, waiting
from tests.scenarios.load import accept
from tests.scenarios.stack import RECORDER, Stack, kill_tree, work_horses_of, workers_of
from tests.waiting import wait_for

PRODUCERS = 8
PARTITIONS = 16
CHANGES = 6
"""How many workers join, leave or die at least, before the last burst of each producer."""


class Producer(threading.Thread):
    """Accepts events of its own conversations in bursts, with pauses; the last one when `enough` is
    set.
    """

    def __init__(
        self,
        url: str,
        number: int,
        events: int,
        random_source: random.Random,
        enough: threading.Event,
    ) -> None:
        super().__init__(daemon=True)
        self.accepted: dict[str, list[str]] = {}
        self._streams = Streams(
            connect(url), partitions=PARTITIONS, duplicate_window=60, max_backlog_bytes=10**9
        )
        self._number = number
        self._events = events
        self._random = random_source
        self._pause = threading.Event()
        self._enough = enough
        self._stopped = False

    def stop(self) -> None:
        """Accept nothing more after this burst."""
        self._stopped = True
        if self.is_alive():
            self.join(30)

    def run(self) -> None:
        left = self._events
        count = 0
        while left and not self._stopped:
            burst = min(left, self._random.randint(50, 400))
            if burst == left:
                self._enough.wait(60)
            for _ in range(burst):
                conversation = self._number * 100 + self._random.randrange(12)
                self._accept(conversation, count)
                count += 1
                left -= 1
            self._pause.wait(self._random.random())

    def _accept(self, conversation: int, count: int) -> None:
        identifier = accept(self._streams, conversation, count)
        self.accepted.setdefault(str(conversation), []).append(identifier)


def leftovers(client: Redis) -> dict[str, int]:
    """What of the engine is in Redis: entries, marks, leases, members, bytes of backlog."""
    numbers = range(PARTITIONS)
    return {
        "entries": sum(client.xlen(keys.stream(number)) for number in numbers),
        "marks": sum(client.hlen(keys.progress(number)) for number in numbers),
        "leases": sum(client.exists(keys.lease(number)) for number in numbers),
        "members": client.zcard(keys.MEMBERS),
        "backlog": int(client.get(keys.BACKLOG) or 0),
    }


@pytest.mark.parametrize("events", [5_000, pytest.param(20_000, marks=pytest.mark.attack)])
@pytest.mark.timeout(240)
def test_nothing_is_lost_or_left_over_while_workers_come_go_and_die(
    own_redis_server: RedisServer, tmp_path: Path, chance: random.Random, events: int
) -> None:
    """Events of 96 conversations; workers join, leave and are killed at seeded random moments."""
    stack = Stack(tmp_path, own_redis_server.url)
    stack.plugin("recorder", RECORDER)
    stack.make_tables()
    supervisors = [stack.start("worker", "--workers", "1") for _ in range(2)]
    client = own_redis_server.client()
    enough = threading.Event()
    producers = [
        Producer(
            own_redis_server.url,
            number,
            events // PRODUCERS,
            random.Random(chance.random()),
            enough,
        )
        for number in range(PRODUCERS)
    ]
    try:
        wait_for(
            lambda: all(joined(client, each.pid) for each in supervisors),
            "both drainers have joined",
        )
        for producer in producers:
            producer.start()
        changes = 0
        while any(producer.is_alive() for producer in producers):
            changes += change_something(stack, supervisors, chance)
            wait_for(
                lambda: all(joined(client, each.pid) for each in supervisors),
                "every worker has joined",
            )
            wait_for(lambda: leased(client) == PARTITIONS, "all partitions move again")
            if changes >= CHANGES:
                enough.set()
        ids = {
            event for each in producers for accepted in each.accepted.values() for event in accepted
        }
        assert len(ids) == events
        wait_for(lambda: not waiting(client), "nothing waits any more", seconds=60)
        # A run that was alone in its process when that was killed is dead: the kills here come in
        # quick succession.
        dead = {run.event_id for run in journal_of(stack).runs(Filter(state=RunState.DEAD))}
        assert ids <= stack.effects().ids | dead
        assert len(dead) <= changes
        effects = stack.effects()
        disorders = sum(effects.disorders(producer.accepted) for producer in producers)
        print(
            f"{changes} changes: {effects.repeats} repeats, {disorders} disorders, {len(dead)} dead"
            " by two kills"
        )
        assert disorders == 0
        assert changes >= CHANGES
    finally:
        for producer in producers:
            producer.stop()
        stack.close()
    wait_for(
        lambda: not any(leftovers(client).values()), f"nothing is left over: {leftovers(client)}"
    )
    listed = stack.listing("events", "list", "--status", "done")
    assert len(listed) == events - len(dead)


def joined(client: Redis, supervisor: int) -> bool:
    """Whether the drainer below a supervisor has made itself known."""
    members = {member.decode() for member in client.zrange(keys.MEMBERS, 0, -1)}  # type: ignore[union-attr]
    horses = work_horses_of(supervisor)
    return bool(horses) and all(member_name(horse) in members for horse in horses)


def leased(client: Redis) -> int:
    return sum(client.exists(keys.lease(number)) for number in range(PARTITIONS))


def change_something(stack: Stack, supervisors: list[Process], chance: random.Random) -> int:
    """Let a worker join, leave in order, or die; at least one always stays."""
    victim = chance.choice(supervisors)
    action = chance.choice(["join", "leave", "kill horse", "kill worker", "kill both", "kill all"])
    if action == "join" and len(supervisors) < 4:
        supervisors.append(stack.start("worker", "--workers", "1"))
    elif action == "leave" and len(supervisors) > 1:
        supervisors.remove(victim)
        victim.send_signal(signal.SIGTERM)
        assert victim.wait(60) == 0
    elif action == "kill all" and len(supervisors) > 1:
        supervisors.remove(victim)
        kill_tree(victim.pid)
        victim.wait()
    elif action.startswith("kill"):
        kill(victim.pid, action)
    else:
        return 0
    return 1


def kill(supervisor: int, action: str) -> None:
    def victims() -> list[int]:
        horses, workers = work_horses_of(supervisor), workers_of(supervisor)
        return {"kill horse": horses, "kill worker": workers}.get(action, workers + horses)

    wait_for(victims, "what was started or killed a moment ago is there")
    for pid in victims():
        os.kill(pid, signal.SIGKILL)
