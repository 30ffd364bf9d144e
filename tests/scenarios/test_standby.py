"""PostgreSQL's primary is killed, and its standby is promoted."""

import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.missing import missing
from tests.redis_server import RedisServer
from tests.scenarios.judging import judge
from tests.scenarios.load import Poster
from tests.scenarios.stack import RECORDER, Stack
from tests.servers import PostgresServer, ServerMissingError, running_postgres, running_standby
from tests.waiting import wait_for


@pytest.fixture
def servers() -> Iterator[tuple[PostgresServer, PostgresServer]]:
    """A primary, and a standby that has everything before it is committed."""
    try:
        with running_postgres() as primary, running_standby(primary) as standby:
            yield primary, standby
    except ServerMissingError as error:
        missing(str(error))


@pytest.mark.attack
@pytest.mark.timeout(600)
def test_a_promoted_standby_takes_over_without_a_restart(
    servers: tuple[PostgresServer, PostgresServer],
    own_redis_server: RedisServer,
    tmp_path: Path,
) -> None:
    """Accepting goes on meanwhile, nothing is lost, and the order is kept."""
    primary, standby = servers
    url = f"postgresql://comethooks@/postgres?host={primary.directory},{standby.directory}"
    stack = Stack(tmp_path, own_redis_server.url, url)
    stack.plugin("recorder", RECORDER)
    stack.make_tables()
    posters = [Poster(stack, number, 25) for number in range(4)]
    try:
        stack.web()
        stack.start("worker", "--workers", "2")
        for poster in posters:
            poster.start()
        wait_for(lambda: len(stack.effects().ids) > 100, "events are handled")
        primary.kill()
        before = stack.effects().ids
        begun = time.monotonic()
        standby.promote()
        promoted = time.monotonic()
        wait_for(lambda: len(stack.effects().ids - before) > 100, "events are handled again")
        print(
            f"promoted after {promoted - begun:.1f} s,"
            f" 100 handled {time.monotonic() - promoted:.1f} s later"
        )
        for poster in posters:
            poster.stop()
        verdict = judge(stack, posters, own_redis_server.client())
        print(verdict)
        assert not verdict.lost
        assert not verdict.disordered
        assert not sum(poster.failures for poster in posters)
        with psycopg.connect(standby.url) as connection:
            [count] = connection.execute("SELECT count(*) FROM events").fetchone() or (0,)
        assert count == verdict.acknowledged
    finally:
        for poster in posters:
            poster.stop()
        stack.close()
