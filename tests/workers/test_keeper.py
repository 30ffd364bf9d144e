"""The fence: a drainer that cannot keep its leases is told before anybody else can have them."""

from tests.redis_server import RedisServer
from tests.waiting import wait_for
from workers import keys
from workers.keeper import Keeper
from workers.leases import Leases


def keeper(server: RedisServer, lost: list[str], *, ttl: float) -> Keeper:
    leases = Leases(server.client(), "h|b|1", 2, ttl=ttl)
    made = Keeper(leases, on_lost=lost.append)
    for number, value in leases.balance().held.items():
        made.hold(number, value)
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


def test_without_a_server_the_drainer_ends_when_its_leases_do(own_redis_server: RedisServer) -> None:
    """Not later, since then another may have them; and not before, since the server may come back."""
    lost: list[str] = []
    kept = keeper(own_redis_server, lost, ttl=1)
    own_redis_server.kill()
    kept.start()
    seconds = wait_for(lambda: lost, "the keeper gives up")
    assert kept.expired()
    assert seconds > 0.5
    assert "in time" in lost[0]
