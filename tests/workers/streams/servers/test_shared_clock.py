"""The clock that all hosts go by: Redis' one, where this host's is another one."""

import time
from collections.abc import Iterator

import pytest

from comethooks.workers import clock
from comethooks.workers.streams.servers.shared_clock import STRANGE_SECONDS, follow_clock
from tests.redis_server import RedisServer


@pytest.fixture
def behind(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """A host whose clock is five minutes behind; others set it again."""
    _set_clock(monkeypatch, -300)
    yield monkeypatch
    clock.follow(0)


REAL = time.time_ns


def _set_clock(patch: pytest.MonkeyPatch, seconds: float) -> None:
    patch.setattr(time, "time_ns", lambda: REAL() + int(seconds * 1e9))


def test_a_host_whose_clock_is_off_goes_by_that_of_redis(
    redis_server: RedisServer, behind: pytest.MonkeyPatch
) -> None:
    """To within the time that asking takes; when its clock is right again, by its own."""
    follow_clock(redis_server.client())
    assert clock.now_ms() / 1000 == pytest.approx(time.time(), abs=0.5)
    _set_clock(behind, 0.5)
    follow_clock(redis_server.client())
    assert clock.ahead_ns() == 0


def test_a_clock_that_is_far_off_is_not_followed(
    redis_server: RedisServer, behind: pytest.MonkeyPatch
) -> None:
    """A server whose battery is empty must not have retention delete what is young."""
    _set_clock(behind, -STRANGE_SECONDS - 60)
    follow_clock(redis_server.client())
    assert clock.ahead_ns() == 0


def test_what_was_known_stays_while_redis_is_away(
    own_redis_server: RedisServer, behind: pytest.MonkeyPatch
) -> None:
    """It is the best guess."""
    follow_clock(own_redis_server.client())
    known = clock.ahead_ns()
    own_redis_server.kill()
    assert follow_clock(own_redis_server.client()) == known == clock.ahead_ns() != 0
