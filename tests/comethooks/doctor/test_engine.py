"""What is said of workers, by what they leave in Redis and in the journal."""

import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from redis import Redis

from comethooks.doctor.engine import check_runs, check_workers
from comethooks.workers.journal import Filter, Journal
from comethooks.workers.journal.replaying.replay_request import ReplayRequest
from comethooks.workers.journal.replaying.replay_rows import Replays
from comethooks.workers.journal.tables.migrate import upgrade
from comethooks.workers.states import RunState
from comethooks.workers.streams import keys
from tests.comethooks.doctor.findings import OK, WARNING, by_check, levels, not_ok
from tests.redis_server import RedisServer
from tests.workers.journal import samples

PARTITIONS = 4


class TestWorkers:
    @pytest.fixture
    def redis(self, redis_server: RedisServer) -> Iterator[Redis]:
        """A client of a server in which everybody is there who should be."""
        with redis_server.client() as client:
            client.zadd(keys.MEMBERS, {"host|boot|1": time.time() * 1000})
            client.mset({keys.lease(number): "1|host|boot|1" for number in range(PARTITIONS)})
            client.set(keys.LEADER, "host|boot|2")
            client.hset(keys.UNFINISHED, mapping={"told_at": 1})
            yield client

    def test_with_everybody_there_all_is_ok(self, redis: Redis) -> None:
        """Each of what was looked at is named."""
        found = levels(check_workers(redis, PARTITIONS))
        assert found == {
            f"workers.{what}": OK for what in ("drainers", "leases", "age", "scheduler")
        }

    def test_without_drainers_it_says_how_to_start_some(self, redis: Redis) -> None:
        """Events are kept meanwhile, and wait."""
        redis.delete(keys.MEMBERS, *(keys.lease(number) for number in range(PARTITIONS)))
        found = by_check(check_workers(redis, PARTITIONS))
        assert not_ok(found.values()) == {"workers.drainers": WARNING, "workers.leases": WARNING}
        assert "comethooks worker" in (found["workers.drainers"].advice or "")

    def test_a_partition_that_nobody_has_is_named(self, redis: Redis) -> None:
        """By its number."""
        redis.delete(keys.lease(2))
        found = by_check(check_workers(redis, PARTITIONS))
        assert not_ok(found.values()) == {"workers.leases": WARNING}
        assert found["workers.leases"].detail.endswith(" 2")

    def test_an_event_that_waits_for_long_is_told_with_its_age(self, redis: Redis) -> None:
        """From half a minute on."""
        seconds, _ = redis.time()
        redis.xadd(keys.stream(1), {"v": "1"}, id=f"{(seconds - 75) * 1000}-0")
        found = by_check(check_workers(redis, PARTITIONS))
        assert not_ok(found.values()) == {"workers.age": WARNING}
        assert found["workers.age"].detail.startswith("the oldest event waits for 7")

    @pytest.mark.parametrize("missing", [keys.LEADER, keys.UNFINISHED])
    def test_a_scheduler_that_is_not_there_or_does_nothing_is_warned_of(
        self, redis: Redis, missing: str
    ) -> None:
        """Retries would wait."""
        redis.delete(missing)
        assert not_ok(check_workers(redis, PARTITIONS)) == {"workers.scheduler": WARNING}


class TestRuns:
    @pytest.fixture
    def journal(self, database_url: str) -> Iterator[Journal]:
        """A journal with its tables and nothing in them."""
        upgrade(database_url)
        with closing(Journal.open(database_url)) as journal:
            yield journal

    def write(self, journal: Journal, state: RunState, **fields: Any) -> None:
        journal.write([samples.settled(samples.event(), samples.run(state, **fields))])

    def test_without_any_all_is_ok(self, journal: Journal) -> None:
        """No dead letter, nothing due."""
        assert levels(check_runs(journal, samples.T0)) == {
            "workers.dead": OK,
            "workers.retries": OK,
        }

    def test_a_dead_letter_is_counted_and_its_command_named(self, journal: Journal) -> None:
        """Somebody has to decide."""
        self.write(journal, RunState.DEAD, error="ValueError")
        found = by_check(check_runs(journal, samples.T0))
        assert not_ok(found.values()) == {"workers.dead": WARNING}
        assert found["workers.dead"].detail == "1 dead letter"
        assert "comethooks runs list --state dead" in (found["workers.dead"].advice or "")

    def test_what_failed_in_a_dry_run_is_no_dead_letter(self, journal: Journal) -> None:
        """Nothing happened, so nobody has to do anything about it."""
        request = ReplayRequest(asked=Filter(), handlers=frozenset())
        Replays(journal.engine).create("dry", request, now=samples.T0, expected=0, dry_run=True)
        self.write(journal, RunState.DEAD, error="ValueError", replay="dry")
        assert not_ok(check_runs(journal, samples.T0)) == {}

    @pytest.mark.parametrize("late_s, level", [(-30, OK), (30, OK), (90, WARNING)])
    def test_a_run_that_should_have_been_tried_again_is_warned_of(
        self, journal: Journal, late_s: int, level: object
    ) -> None:
        """When it has been due for more than a minute."""
        self.write(journal, RunState.RETRYING, error="ValueError", next_at=samples.T0)
        finding = by_check(check_runs(journal, samples.T0 + late_s * 1000))["workers.retries"]
        assert finding.level is level
        assert finding.detail.startswith("1 run waits for another attempt")
