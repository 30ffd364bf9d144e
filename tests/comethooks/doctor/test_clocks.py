"""What is said of clocks that differ: the test's own is set wrong, the servers' are right."""

import time
from contextlib import closing
from functools import partial

import pytest

from comethooks.doctor.clocks import ahead, check_clock, redis_time
from comethooks.workers.journal import Journal
from tests.comethooks.doctor.findings import OK, WARNING, WRONG, by_check, levels
from tests.redis_server import RedisServer


@pytest.mark.parametrize(
    "seconds, level, words",
    [
        (0.0, OK, "agrees with Redis"),
        (5.0, WARNING, "s ahead of Redis"),
        (-5.0, WARNING, "s behind Redis"),
        (60.0, WRONG, "s ahead of Redis"),
        (-60.0, WRONG, "s behind Redis"),
    ],
)
def test_a_clock_is_compared_with_redis(
    redis_server: RedisServer, seconds: float, level: object, words: str
) -> None:
    """From one second on it is warned of, from thirty on it is wrong."""
    with redis_server.client() as client:
        servers = {"Redis": partial(redis_time, client)}
        (finding,) = check_clock(servers, clock=lambda: time.time() + seconds)
    assert (finding.check, finding.level) == ("clock.redis", level)
    assert finding.detail.endswith(words)


def test_it_is_compared_with_postgresql_too(postgres_url: str) -> None:
    """Whatever time zone the server has."""
    with closing(Journal.open(postgres_url)) as journal:
        servers = {"PostgreSQL": journal.clock}
        assert levels(check_clock(servers)) == {"clock.postgresql": OK}
        found = by_check(check_clock(servers, clock=lambda: time.time() - 40))
    assert found["clock.postgresql"].level is WRONG


def test_the_way_to_the_server_is_no_difference() -> None:
    """Its time is right if it is between the question and the answer."""
    times = iter([100.0, 110.0])
    assert ahead(lambda: 109.0, lambda: next(times)) == 0
    times = iter([100.0, 110.0])
    assert ahead(lambda: 113.0, lambda: next(times)) == 3
    times = iter([100.0, 110.0])
    assert ahead(lambda: 98.0, lambda: next(times)) == -2


def test_without_a_server_that_answers_it_says_so() -> None:
    """Nothing was compared."""
    (finding,) = check_clock({})
    assert finding.level is WARNING
