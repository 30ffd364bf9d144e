"""The fence: a drainer that cannot keep its leases is told before anybody else can have them."""

import time

import pytest
from redis.exceptions import RedisError

from comethooks.workers.streams import keys
from comethooks.workers.streams.connections import connect
from comethooks.workers.streams.keeper import MARGIN_SECONDS, RENEWAL_SECONDS, Keeper
from comethooks.workers.streams.leases import LEASE_TTL_SECONDS, Leases
from tests.redis_server import RedisServer
from tests.waiting import wait_for


def keeper(server: RedisServer, lost: list[str], *, ttl: float) -> Keeper:
    leases = Leases(server.client(), "h|b|1", range(2), ttl=ttl)
    made = Keeper(leases, on_lost=lost.append)
    for number, value in leases.balance().held.items():
        made.hold(number, value, leases.clock())
    return made


def test_held_leases_outlive_their_time_to_live(redis_server: RedisServer) -> None:
    """They are renewed while the keeper runs."""
    lost: list[str] = []
    kept = keeper(redis_server, lost, ttl=0.5)
    first_deadline = kept.deadline
    kept.start()
    wait_for(lambda: kept.deadline > first_deadline + 1, "two times to live have passed")
    assert redis_server.client().exists(keys.lease(0), keys.lease(1)) == 2
    assert lost == []
    kept.stop()


def test_a_lease_that_somebody_else_has_ends_the_drainer(redis_server: RedisServer) -> None:
    """At the next renewal."""
    lost: list[str] = []
    kept = keeper(redis_server, lost, ttl=1)
    redis_server.client().set(keys.lease(1), "9|other|boot|2")
    kept.start()
    wait_for(lambda: lost, "the loss is noticed")
    assert "another drainer" in lost[0]


def test_one_that_was_let_go_may_be_lost(redis_server: RedisServer) -> None:
    """Giving back is no loss."""
    lost: list[str] = []
    kept = keeper(redis_server, lost, ttl=0.5)
    kept.let_go(1)
    redis_server.client().delete(keys.lease(1))
    deadline = kept.deadline
    kept.start()
    wait_for(lambda: kept.deadline > deadline, "a renewal has happened")
    assert lost == []
    kept.stop()


def test_without_a_server_the_drainer_ends_when_its_leases_do(
    own_redis_server: RedisServer,
) -> None:
    """Not later, since then another may have them; and not before, since the server may come
    back.
    """
    lost: list[str] = []
    kept = keeper(own_redis_server, lost, ttl=1)
    own_redis_server.kill()
    kept.start()
    seconds = wait_for(lambda: lost, "the keeper gives up")
    assert 0.5 < seconds < 1
    assert not kept.expired()
    assert "in time" in lost[0]


def test_one_that_leaves_goes_on_renewing_and_is_no_member(redis_server: RedisServer) -> None:
    """Its last handlers may take their time."""
    lost: list[str] = []
    kept = keeper(redis_server, lost, ttl=5)
    kept.start()
    kept.leave()
    wait_for(lambda: not redis_server.client().zcard(keys.MEMBERS), "it has left")
    assert redis_server.client().exists(keys.lease(0), keys.lease(1)) == 2
    kept.stop()
    kept.join(5)
    assert not redis_server.client().zcard(keys.MEMBERS)
    assert lost == []


def test_an_error_of_the_server_is_no_loss_yet(redis_server: RedisServer) -> None:
    """It may be loading, or out of memory for a moment."""
    lost: list[str] = []
    failed: list[Exception] = []

    class Noticing(Leases):
        def renew(self, held: dict[int, str], *, joined: bool = True) -> float | None:
            try:
                return super().renew(held, joined=joined)
            except RedisError as error:
                failed.append(error)
                raise

    kept = Keeper(Noticing(redis_server.client(), "h|b|1", range(2), ttl=3), on_lost=lost.append)
    redis_server.client().set(keys.MEMBERS, "no sorted set")
    kept.start()
    wait_for(lambda: failed, "a renewal has failed")
    deadline = kept.deadline
    redis_server.client().delete(keys.MEMBERS)
    wait_for(lambda: kept.deadline > deadline, "it renews again")
    assert lost == []
    kept.stop()


def test_a_renewal_that_has_to_connect_fails_within_the_margin(
    own_redis_server: RedisServer,
) -> None:
    """So one that was begun in time ends before the leases do, and leaves time for another try
    before.
    """
    client = connect(own_redis_server.url, timeout=RENEWAL_SECONDS)
    leases = Leases(client, "h|b|1", range(2))
    held = leases.balance().held
    client.connection_pool.disconnect()
    own_redis_server.freeze()
    started = time.monotonic()
    with pytest.raises((RedisError, OSError)):
        leases.renew(held)
    assert RENEWAL_SECONDS < time.monotonic() - started + 0.1 < MARGIN_SECONDS
    assert (
        MARGIN_SECONDS >= 2 * RENEWAL_SECONDS
    )  # connecting over a network may take its time-out too
    assert 2 * MARGIN_SECONDS < LEASE_TTL_SECONDS
