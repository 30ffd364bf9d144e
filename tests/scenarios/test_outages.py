"""Redis, PostgreSQL, a leader or a work-horse away for a while, beside two web and two worker
commands.

All tests share one deployment, and each judges what it had acknowledged itself.
"""

import itertools
import json
import os
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from redis import Redis

from comethooks.workers.processes import is_alive, member_name
from comethooks.workers.settings.settings import Settings
from comethooks.workers.states import RunState
from comethooks.workers.streams import keys
from comethooks.workers.streams.accept import Streams
from comethooks.workers.streams.leases import LEASE_TTL_SECONDS
from comethooks.workers.supervision.scheduler import LEADER_SECONDS
from tests.command_processes import Process
from tests.missing import missing
from tests.redis_server import RedisServer, running_server
from tests.scenarios.judging import Verdict, journal_of, judge, marks, waiting
from tests.scenarios.load import Poster, accept, acknowledged, answers, rate
from tests.scenarios.stack import RECORDER, Stack, children, message, name_of, work_horses_of
from tests.servers import PostgresServer, ServerMissingError, running_postgres
from tests.waiting import wait_for

POSTERS = 4
PER_SECOND = 15.0
ANSWER_SECONDS = 2.0
"""In which a client must have an answer, whatever is away: CometChat's own limit."""
REQUEST_LINES = {"request", "not kept"}
"""What the web process says of every single request."""
MOST_LATE = 4
"""Runs in progress in a work-horse when it was stopped that may go on before it has ended
itself.
"""
BURST = 1000
"""Events at once, more than two work-horses handle as they come."""
PROCESSES = 16
"""Processes of the deployment that have something to say, those that come back included."""

FLAKY = """
    import time
    from comethooks import Plugin, Retry

    plugin = Plugin("flaky")

    @plugin.on("message_sent", retry=Retry(attempts=3, base=0.5, jitter=False))
    def again(event, ctx):
        if event.message.text == "fail once" and ctx.attempt == 1:
            raise ConnectionError("for the first time")
        if event.message.text == "slow":
            time.sleep(0.05)
"""


@dataclass
class Deployment:
    """Two web and two worker commands on one Redis and one PostgreSQL."""

    first: Stack
    second: Stack
    redis: RedisServer
    postgres: PostgresServer
    supervisors: list[Process]
    numbers: Iterator[int] = field(default_factory=itertools.count)
    posters: list[Poster] = field(default_factory=list)

    @property
    def client(self) -> Redis:
        """A client of its Redis."""
        return self.redis.client()

    def posting(self) -> "Posting":
        """Load from now on, in conversations of its own."""
        self.posters = [
            Poster(
                self.first,
                next(self.numbers),
                PER_SECOND,
                others=(self.second,),
                patience=150,
                pause=0.1,
            )
            for _ in range(POSTERS)
        ]
        return Posting(self, self.posters)

    def leader(self) -> str:
        """The scheduler that leads."""
        found = self.client.get(keys.LEADER)
        return found.decode() if found else ""  # type: ignore[union-attr]

    def schedulers(self) -> dict[str, int]:
        """The schedulers that live, by name."""
        pids = [pid for each in self.supervisors for pid in children(each.pid)]
        return {member_name(pid): pid for pid in pids if name_of(pid) == "scheduler"}

    def horses(self) -> list[int]:
        """The work-horses that drain."""
        return [pid for each in self.supervisors for pid in work_horses_of(each.pid)]

    def worker_of(self, horse: int) -> int:
        """The worker whose work-horse that is."""
        (found,) = (
            worker
            for each in self.supervisors
            for worker in children(each.pid)
            if horse in children(worker)
        )
        return found

    def leased(self) -> Counter[str]:
        """How many partitions each drainer has."""
        leases = [
            self.client.get(name) for name in self.client.scan_iter(match=f"{keys.PREFIX}lease:*")
        ]
        return Counter(lease.decode().partition("|")[2] for lease in leases if lease)

    def lines(self, since: int) -> Counter[str]:
        """How often each thing was said since the log was so long, but for what is said of single
        requests.
        """
        found: Counter[str] = Counter()
        for line in self.first.log()[since:].splitlines():
            try:
                found[json.loads(line)["event"]] += 1
            except (ValueError, KeyError):
                found[line] += 1
        return Counter({line: count for line, count in found.items() if line not in REQUEST_LINES})


@dataclass
class Posting:
    """Clients that post while something is away."""

    deployment: Deployment
    posters: list[Poster]

    def __post_init__(self) -> None:
        for poster in self.posters:
            poster.start()
        wait_for(lambda: rate(self.posters) >= 10, "events are acknowledged", seconds=60)
        wait_for(lambda: self.deployment.first.effects().ids & self.ids, "events are handled")

    @property
    def ids(self) -> set[str]:
        """What was acknowledged so far."""
        return {event for _, event in acknowledged(self.posters)}

    def finish(self) -> Verdict:
        """End the load, wait until everything is done, and judge."""
        for poster in self.posters:
            poster.stop()
        return judge(self.deployment.first, self.posters, self.deployment.client)


@pytest.fixture
def deployment(together: Deployment) -> Iterator[Deployment]:
    """The deployment of this module; nobody posts any more when the test is over."""
    yield together
    for poster in together.posters:
        poster.stop()


@pytest.fixture(scope="module")
def together() -> Iterator[Deployment]:
    """Everything started at once, tables upgraded by two at the same time."""
    try:
        with (
            tempfile.TemporaryDirectory() as directory,
            running_server() as redis,
            running_postgres() as postgres,
        ):
            first, second = (Stack(Path(directory), redis.url, postgres.url) for _ in range(2))
            first.plugin("recorder", RECORDER)
            first.plugin("flaky", FLAKY)
            upgrades = [first.start("db", "upgrade") for _ in range(2)]
            assert [process.wait(60) for process in upgrades] == [0, 0]
            supervisors = [first.start("worker", "--workers", "1") for _ in range(2)]
            web = [first.start("web"), second.start("web")]
            try:
                for each in (first, second):
                    wait_for(each.answers, "the web process answers")
                made = Deployment(first, second, redis, postgres, supervisors)
                wait_for(lambda: len(made.leased()) == 2, "both drainers have partitions")
                wait_for(made.leader, "a scheduler leads")
                yield made
                assert [process.poll() for process in (*web, *supervisors)] == [None] * 4
            finally:
                first.close()
                second.close()
    except ServerMissingError as error:
        missing(str(error))


def until(moment: float) -> None:
    """Return at a time of the monotonic clock."""
    wait_for(lambda: time.monotonic() >= moment, "it is time", seconds=120)


def check_said(deployment: Deployment, since: int, seconds: float) -> None:
    """Nobody said anything once a second."""
    said = deployment.lines(since)
    print(f"said in {seconds:.0f} s: {dict(said)}")
    for line, count in said.items():
        assert count <= PROCESSES, f"said {count} times within {seconds:.0f} s: {line}"


def check_away(posting: Posting, since: float, back: float) -> None:
    """While Redis was away every call was answered in time, and with 200."""
    called = answers(posting.posters, since, back)
    slowest = max(each.seconds for each in called)
    states = Counter(each.status for each in called)
    print(
        f"{len(called)} calls meanwhile: {dict(states)}, the slowest answered after {slowest:.2f} s"
    )
    assert set(states) == {200}
    assert slowest < ANSWER_SECONDS


SHORT_OR_LONG = [6.0, pytest.param(60.0, marks=pytest.mark.attack)]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seconds", SHORT_OR_LONG)
def test_a_redis_that_is_frozen_and_then_gone_costs_nothing_that_was_acknowledged(
    deployment: Deployment, seconds: float
) -> None:
    """200 within two seconds all the time, from the spool meanwhile; nobody ends for good, or
    repeats itself.
    """
    posting = deployment.posting()
    for away, back in (
        (deployment.redis.freeze, deployment.redis.thaw),
        (deployment.redis.kill, deployment.redis.start),
    ):
        said, since = len(deployment.first.log()), time.monotonic()
        away()
        until(since + seconds)
        until_back = time.monotonic()
        back()
        took = wait_for(lambda: rate(posting.posters) >= 10, "events are acknowledged again")
        later = posting.ids
        moving = wait_for(
            lambda later=later: later <= deployment.first.effects().ids, "all partitions move"
        )
        print(f"{away.__name__}: acknowledged after {took:.1f} s, all handled {moving:.1f} s later")
        check_away(posting, since + 0.1, until_back)
        check_said(deployment, said, seconds)
    verdict = posting.finish()
    print(verdict)
    assert not verdict.lost
    assert not verdict.disordered
    assert not verdict.dead
    assert len(verdict.repeats) <= 4 * 64


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seconds", [8.0, pytest.param(60.0, marks=pytest.mark.attack)])
def test_a_postgresql_that_is_away_is_waited_for_and_every_run_happens_once(
    deployment: Deployment, seconds: float
) -> None:
    """Answers go on, streams grow, no run starts after the first second; then everything is done
    exactly once.
    """
    posting = deployment.posting()
    said, since = len(deployment.first.log()), time.monotonic()
    deployment.postgres.kill()
    until(since + 2.0)
    standing = len(deployment.first.effects().lines)
    acknowledged_before, waiting_before = len(posting.ids), waiting(deployment.client)
    until(since + seconds)
    assert len(deployment.first.effects().lines) == standing
    grown = waiting(deployment.client) - waiting_before
    more = len(posting.ids) - acknowledged_before
    until_back = time.monotonic()
    deployment.postgres.start()
    later = posting.ids
    took = wait_for(lambda: later <= deployment.first.effects().ids, "everything is handled")
    called = answers(posting.posters, since, until_back)
    print(
        f"{more} acknowledged meanwhile, streams grew by {grown}; all handled {took:.1f} s after"
        " its start"
    )
    assert {each.status for each in called} == {200}
    assert max(each.seconds for each in called) < ANSWER_SECONDS
    assert more > seconds * 5
    assert grown >= more - 100
    check_said(deployment, said, seconds)
    verdict = posting.finish()
    print(verdict)
    assert not verdict.lost
    assert not verdict.disordered
    assert not verdict.repeats
    assert not verdict.dead


def test_runs_that_ended_while_the_journal_hangs_are_not_repeated_when_their_process_is_killed(
    deployment: Deployment,
) -> None:
    """All that says so are the marks in Redis."""
    posting = deployment.posting()
    deployment.postgres.freeze()
    try:
        before = len(posting.ids)
        wait_for(lambda: len(posting.ids) > before + 50, "events are acknowledged")
        for poster in posting.posters:
            poster.stop()
        wait_for(lambda: posting.ids <= deployment.first.effects().ids, "all of them are handled")
        wait_for(
            lambda: not any(b"started" in mark for mark in marks(deployment.client)),
            "their marks say so",
        )
        marked = len(marks(deployment.client))
        for horse in deployment.horses():
            os.kill(horse, signal.SIGKILL)
    finally:
        deployment.postgres.thaw()
    verdict = posting.finish()
    print(f"{marked} marks, {verdict}")
    assert marked > 50
    assert not verdict.lost
    assert not verdict.disordered
    assert not verdict.repeats


@pytest.mark.attack
@pytest.mark.timeout(240)
def test_a_stopped_worker_and_a_killed_leader_are_replaced(deployment: Deployment) -> None:
    """Past the lease of its work-horse, which stops with it, another takes over, and what comes
    back writes nothing; retries go on with another leader.
    """
    for _ in range(5):
        posting = deployment.posting()
        wait_for(lambda: len(deployment.leased()) == 2, "both drainers have partitions")
        wait_for(lambda: deployment.leader() in deployment.schedulers(), "one leads")
        horse = deployment.horses()[0]
        worker = deployment.worker_of(horse)
        leader = deployment.leader()
        schedulers = deployment.schedulers()
        assert len(schedulers) == 2
        assert leader in schedulers
        burst = burst_of(deployment, BURST)
        in_burst = {event for events in burst.values() for event in events}
        stopped_at = time.monotonic()
        os.kill(worker, signal.SIGSTOP)  # or it would kill its work-horse
        os.kill(horse, signal.SIGSTOP)
        os.kill(schedulers[leader], signal.SIGKILL)
        failed = deployment.first.post(
            message(next(deployment.numbers) * 10, 0, data={"text": "fail once"})
        )
        wait_for(lambda leader=leader: deployment.leader() not in ("", leader), "another one leads")
        elected = time.monotonic() - stopped_at
        wait_for(
            lambda horse=horse: not deployment.leased()[member_name(horse)],
            "its leases have ended",
            seconds=20,
        )
        taken = time.monotonic() - stopped_at
        later = posting.ids
        wait_for(lambda later=later: later <= deployment.first.effects().ids, "all partitions move")
        moving = time.monotonic() - stopped_at
        before = len(lines_of(deployment, horse))
        os.kill(horse, signal.SIGCONT)
        wait_for(lambda horse=horse: not is_alive(horse), "the one that was stopped ends itself")
        os.kill(worker, signal.SIGCONT)
        wait_for(
            lambda failed=failed: attempts_of(deployment, failed.json()["id"]) == 2,
            "the retry was made",
        )
        verdict = posting.finish()
        print(
            f"another leads after {elected:.1f} s; leases over after {taken:.1f} s, all moves after"
            f" {moving:.1f} s"
        )
        late = len(lines_of(deployment, horse)) - before
        print(f"{verdict}; {late} runs went on in the one that had been stopped")
        assert late <= MOST_LATE
        assert in_burst <= verdict.effects.ids
        assert verdict.effects.disorders(burst) == 0
        assert elected < LEADER_SECONDS + 2
        assert taken < LEASE_TTL_SECONDS + 2
        assert not verdict.lost
        assert not verdict.disordered
        assert not verdict.dead
        assert all(horse in (repeat.first_pid, repeat.again_pid) for repeat in verdict.repeats)


def burst_of(deployment: Deployment, events: int) -> dict[str, list[str]]:
    """So many events at once, which take their time; their ids by conversation."""
    number = next(deployment.numbers) * 10
    streams = Streams.open(Settings.load(deployment.first.environment))
    ids: dict[str, list[str]] = {}
    for count in range(events):
        conversation = 1000 * number + count % 40
        event = accept(streams, conversation, count, data={"text": "slow"})
        ids.setdefault(str(conversation), []).append(event)
    streams.close()
    return ids


def lines_of(deployment: Deployment, pid: int) -> list[str]:
    """The events that a process has handled."""
    return [line[0] for line in deployment.first.effects().lines if line[3] == pid]


def attempts_of(deployment: Deployment, event: str) -> int:
    """How many attempts it took until the flaky handler was done with an event; 0 while it is
    not.
    """
    journal = journal_of(deployment.first)
    runs = journal.runs_of(event)
    journal.close()
    return sum(
        run.attempts for run in runs if run.handler == "flaky.again" and run.state is RunState.DONE
    )
