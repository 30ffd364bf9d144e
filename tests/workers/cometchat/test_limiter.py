"""How often CometChat is called: counted by one process, and by all together in Redis."""

import random
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from redis import Redis

from comethooks.workers.cometchat.calls import Pacing
from comethooks.workers.cometchat.limiter import WINDOW_MS, LocalLimiter, Window
from comethooks.workers.cometchat.rate_limits import (
    CORE_CALLS,
    MOST_CORE,
    MOST_IN_BUILD,
    MOST_OTHERS,
    MOST_SENDS,
    MOST_UNREAD,
    CallLimit,
    CallPlan,
    limits_of,
)
from comethooks.workers.cometchat.shared_limiter import SharedLimiter, shared_pacing
from comethooks.workers.settings.settings import Settings
from comethooks.workers.states import RunState
from comethooks.workers.streams import keys
from comethooks.workers.streams.connections import connect
from comethooks.workers.streams.scripts.limit_scripts import CALL_LIMIT
from tests.cometchat import CometChat
from tests.redis_server import RedisServer
from tests.workers.cometchat.conftest import Run


class Time:
    """The time, which a test moves."""

    def __init__(self, now: int = 1_000 * WINDOW_MS) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += round(seconds * 1000)


def taken(limiter: Any, *limits: CallLimit) -> int:
    """How many calls are let through at once."""
    count = 0
    while not limiter.take(limits):
        count += 1
    return count


class TestLimits:
    """Which call counts against what."""

    @pytest.mark.parametrize(
        ("call", "user", "expected"),
        [
            *((core, None, {"app:core": MOST_CORE}) for core in sorted(CORE_CALLS)),
            ("message", None, {"app:others": MOST_OTHERS}),
            ("send", None, {"app:others": MOST_OTHERS}),
            ("send", "ada", {"app:others": MOST_OTHERS, "app:sends:ada": MOST_SENDS}),
            ("send_as_bot", "bo", {"app:others": MOST_OTHERS, "app:sends:bo": MOST_SENDS}),
            ("react", "ada", {"app:others": MOST_OTHERS}),
            ("mark_unread", "ada", {"app:others": MOST_OTHERS, "app:unread:ada": MOST_UNREAD}),
        ],
    )
    def test_each_call_has_its_own(
        self, call: str, user: str | None, expected: dict[str, int]
    ) -> None:
        """The widest first."""
        limits = limits_of(CallPlan.PAID, "app", call, user)
        assert {limit.key: limit.most for limit in limits} == expected

    def test_the_free_plan_counts_all_together(self) -> None:
        """Those of a user as well."""
        for call in ("kick", "message"):
            limits = limits_of(CallPlan.BUILD, "app", call, None)
            assert limits == (CallLimit("app:all", MOST_IN_BUILD),)
        assert len(limits_of(CallPlan.BUILD, "app", "send", "ada")) == 2


class TestLocal:
    """One process."""

    def test_no_sixty_seconds_have_more_than_the_limit_allows(self) -> None:
        """Wherever they begin: at the end of a minute nobody begins anew."""
        time = Time(1_000 * WINDOW_MS + 59_000)
        limiter, limit = LocalLimiter(time), CallLimit("a", 30)
        assert taken(limiter, limit) == 30
        time.now += 1_000
        assert taken(limiter, limit) == 0
        time.now += 30_000
        assert taken(limiter, limit) == 15

    def test_what_it_says_to_wait_is_enough(self) -> None:
        """And hardly longer, from whatever is counted."""
        chance = random.Random(7)
        for _ in range(500):
            most, now = chance.choice([1, 2, 5, 30, 500]), chance.randrange(10 * WINDOW_MS)
            number = now // WINDOW_MS
            counts = chance.randrange(most + 1), chance.randrange(most + 1)
            wait = Window(number, *counts).wait(most, now)
            assert Window(number, *counts).wait(most, now + wait) == 0
            if wait > 2:
                assert Window(number, *counts).wait(most, now + wait - 2) > 0

    def test_a_call_that_one_limit_does_not_allow_counts_for_none(self) -> None:
        """Else one user would use up what the app has."""
        limiter = LocalLimiter(Time())
        wide, narrow = CallLimit("app", 10), CallLimit("ada", 2)
        assert taken(limiter, wide, narrow) == 2
        assert taken(limiter, wide) == 8

    def test_a_pause_holds_for_its_limit_alone(self) -> None:
        """The longest of several."""
        time = Time()
        limiter = LocalLimiter(time)
        limiter.pause(CallLimit("ada", 30), 20)
        limiter.pause(CallLimit("ada", 30), 5)
        assert limiter.take([CallLimit("ada", 30)]) == 20
        assert limiter.take([CallLimit("ben", 30)]) == 0
        time.now += 20_000
        assert limiter.take([CallLimit("ada", 30)]) == 0

    def test_memory_is_bounded(self) -> None:
        """Who has not called lately is forgotten first."""
        time = Time()
        limiter = LocalLimiter(time, most_counted=10)
        for number in range(100):
            limiter.take([CallLimit(str(number), 1)])
        assert len(limiter._windows) <= 10
        assert limiter.take([CallLimit("99", 1)]) > 0


class TestShared:
    """All processes, by one count in Redis."""

    def test_several_let_through_as_many_as_one(self, redis_server: RedisServer) -> None:
        """Each with a connection of its own, at the same time."""
        limit, counts = CallLimit("app:all", 60), []

        def process() -> None:
            with connect(redis_server.url) as client:
                counts.append(taken(SharedLimiter(client), limit))

        threads = [Thread(target=process) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        # One more where a minute of Redis' clock began meanwhile.
        assert 60 <= sum(counts) <= 62
        with redis_server.client() as client:
            assert 0 < client.pttl(keys.limit("app:all")) <= 2 * WINDOW_MS

    def test_it_takes_one_round_trip(self, redis_server: RedisServer) -> None:
        """However many limits a call has."""
        with connect(redis_server.url) as client, redis_server.client() as other:
            limiter = SharedLimiter(client)
            limits = [CallLimit("app", 100), CallLimit("ada", 100)]
            limiter.take(limits)
            before = other.info("commandstats")["cmdstat_evalsha"]["calls"]
            for _ in range(10):
                limiter.take(limits)
            assert other.info("commandstats")["cmdstat_evalsha"]["calls"] == before + 10

    def test_it_says_what_one_process_would(self, redis_server: RedisServer) -> None:
        """The rule is written twice, in Lua and in Python; Redis' clock decides about the time."""
        chance, limit = random.Random(3), 30
        with redis_server.client() as client:
            script = client.register_script(CALL_LIMIT)
            for _ in range(200):
                count, before = chance.randrange(limit + 2), chance.randrange(limit + 2)
                age = chance.choice([0, 0, 1, 2])
                first = _now(client)
                number = first // WINDOW_MS
                name = keys.limit("x")
                fields = {"number": number - age, "count": count, "before": before}
                client.delete(name)
                client.hset(name, mapping=fields)
                said = script(keys=[name], args=[WINDOW_MS, limit])
                last = _now(client)
                if last // WINDOW_MS == number:
                    earliest = Window(number - age, count, before).wait(limit, first)
                    latest = Window(number - age, count, before).wait(limit, last)
                    assert latest <= said <= earliest

    def test_a_pause_is_everybodys(self, redis_server: RedisServer) -> None:
        """CometChat told one of them."""
        limit = CallLimit("app", 30)
        with connect(redis_server.url) as one, connect(redis_server.url) as two:
            SharedLimiter(one).pause(limit, 20)
            assert 19 < SharedLimiter(two).take([limit]) <= 20

    def test_while_redis_is_away_each_counts_itself(self, own_redis_server: RedisServer) -> None:
        """From what it has done before on, without waiting for Redis at each call."""
        limit, now = CallLimit("app", 10), [0.0]
        with connect(own_redis_server.url) as client:
            limiter = SharedLimiter(client, clock=lambda: now[0])
            for _ in range(4):
                assert limiter.take([limit]) == 0
            own_redis_server.kill()
            assert taken(limiter, limit) == 6
            own_redis_server.start()
            assert limiter.take([limit]) > 0
            now[0] += 5
            assert limiter.take([limit]) == 0

    def test_the_settings_say_where_and_how_often(
        self, redis_server: RedisServer, tmp_path: Path
    ) -> None:
        """As workers and commands call."""
        given = {
            "COMETHOOKS_DATA_DIR": str(tmp_path),
            "REDIS_URL": redis_server.url,
            "COMETCHAT_PLAN": "build",
        }
        pacing = shared_pacing(Settings.load(given))
        limits = limits_of(pacing.plan, "app", "message", None)
        assert taken(pacing.limiter, *limits) >= MOST_IN_BUILD
        with redis_server.client() as client:
            assert int(client.hget(keys.limit("app:all"), "count") or 0) > 0


def _now(client: Redis) -> int:
    seconds, micros = client.time()
    return int(seconds * 1000 + micros // 1000)


class TestRuns:
    """What becomes of runs."""

    def run_with(self, run: Run, pacing: Pacing, count: int) -> Any:
        """A run that sends so many messages as one user."""

        def send(event: Any, ctx: Any) -> None:
            for number in range(count):
                ctx.cometchat.send("ada", "user", text=str(number), as_user="Bot")

        return run(send)

    @pytest.fixture
    def time(self) -> Time:
        return Time()

    @pytest.fixture
    def pacing(self, time: Time) -> Pacing:
        """Within the limits of CometChat."""
        return Pacing(LocalLimiter(time), sleep=time.sleep)

    def test_a_call_waits_for_its_turn(
        self, run: Run, pacing: Pacing, time: Time, server: CometChat
    ) -> None:
        """As long as the run has time."""
        time.now += 45_000
        began = time.now
        assert self.run_with(run, pacing, 31).state is RunState.DONE
        assert len(server.chat.sent) == 31
        assert 15_000 < time.now - began < 20_000

    def test_a_run_that_would_wait_too_long_comes_again(
        self, run: Run, pacing: Pacing, server: CometChat
    ) -> None:
        """Then, also without `retry`; and the attempt does not count."""
        result = self.run_with(run, pacing, 31)
        assert result.state is RunState.RETRYING
        assert result.attempts == 0
        assert result.next_at is not None
        assert 60_000 < result.next_at - result.finished_at < 95_000
        assert "POST /messages: CometChat takes no more calls in this minute" in result.error
        assert len(server.calls) == 30

    def test_a_dry_run_counts_nothing(self, run: Run, server: CometChat) -> None:
        """It calls nobody."""

        def send(event: Any, ctx: Any) -> None:
            for _ in range(40):
                ctx.cometchat.send("ada", "user", text="a", as_user="bot")

        assert run(send, dry_run=True).state is RunState.DONE

    def test_after_a_429_others_wait_too(
        self, run: Run, time: Time, pacing: Pacing, server: CometChat
    ) -> None:
        """As long as it said. What another user sends does not."""
        server.busy = ["50"]
        assert self.run_with(run, pacing, 1).state is RunState.RETRYING
        assert "takes no more calls" in self.run_with(run, pacing, 1).error
        assert len(server.calls) == 1
        hello = lambda event, ctx: ctx.cometchat.send("a", "user", text="b", as_user="x")  # noqa: E731
        assert run(hello).state is RunState.DONE

    def test_other_apps_have_limits_of_their_own(
        self, run: Run, pacing: Pacing, server: CometChat
    ) -> None:
        """By their ids."""
        assert self.run_with(run, pacing, 30).state is RunState.DONE
        assert not pacing.limiter.take(limits_of(CallPlan.PAID, "other", "send", "bot"))
