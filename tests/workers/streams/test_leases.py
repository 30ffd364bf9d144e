"""Leases and membership: shares, fences, and what happens to those of the dead."""

import subprocess
import sys
import time

from comethooks.workers.processes import host_and_boot, member_name
from comethooks.workers.streams import keys
from comethooks.workers.streams.leases import Leases, now
from tests.redis_server import RedisServer
from tests.waiting import wait_for


def leases(server: RedisServer, name: str, *, partitions: int = 16, ttl: float = 15.0) -> Leases:
    return Leases(server.client(), f"elsewhere|boot|{name}", range(partitions), ttl=ttl)


class TestBalance:
    def test_a_lone_drainer_takes_everything(self, redis_server: RedisServer) -> None:
        """Its share is all partitions."""
        balance = leases(redis_server, "1").balance()
        assert (balance.live, balance.share, len(balance.held)) == (1, 16, 16)

    def test_shares_differ_by_at_most_one_and_add_up(self, redis_server: RedisServer) -> None:
        """Sixteen partitions among five: 4, 3, 3, 3, 3."""
        members = [leases(redis_server, str(number)) for number in range(5)]
        for member in members:
            member.balance()
        assert sorted(member.balance().share for member in members) == [3, 3, 3, 3, 4]

    def test_a_lease_that_is_held_is_not_taken(self, redis_server: RedisServer) -> None:
        """A second drainer waits until the first gives back."""
        first, second = leases(redis_server, "1"), leases(redis_server, "2")
        held = first.balance().held
        assert second.balance().held == {}
        assert first.release(3, held[3])
        assert list(second.balance().held) == [3]

    def test_every_taking_has_a_value_of_its_own(self, redis_server: RedisServer) -> None:
        """The same drainer takes the same partition again under another fence."""
        drainer = leases(redis_server, "1")
        before = drainer.balance().held[0]
        drainer.release(0, before)
        assert drainer.balance().held[0] != before

    def test_a_call_whose_answer_was_lost_is_seen_by_the_next(
        self, redis_server: RedisServer
    ) -> None:
        """What was taken is named again."""
        drainer = leases(redis_server, "1")
        assert drainer.balance().held == drainer.balance().held

    def test_one_with_nothing_to_do_writes_nothing(self, redis_server: RedisServer) -> None:
        """It asks several times a second, and an append-only file would grow and be flushed for
        each.
        """
        client, drainer = redis_server.client(), leases(redis_server, "1")
        drainer.balance()
        written = client.info("commandstats")["cmdstat_zadd"]["calls"]
        drainer.balance()
        assert client.info("commandstats")["cmdstat_zadd"]["calls"] == written

    def test_the_leases_of_a_dead_process_of_this_host_are_free_at_once(
        self, redis_server: RedisServer
    ) -> None:
        """No one waits for their time to live."""
        process = subprocess.Popen([sys.executable, "-c", ""])
        process.wait()
        dead = Leases(redis_server.client(), member_name(process.pid), range(16))
        dead.balance()
        assert len(leases(redis_server, "2").balance().held) == 16
        assert redis_server.client().zrange(keys.MEMBERS, 0, -1) == [b"elsewhere|boot|2"]

    def test_a_member_that_died_without_leases_counts_no_more(
        self, redis_server: RedisServer
    ) -> None:
        """Its share would otherwise stand still for a time to live."""
        process = subprocess.Popen([sys.executable, "-c", ""])
        process.wait()
        redis_server.client().zadd(keys.MEMBERS, {member_name(process.pid): 10**15})
        assert leases(redis_server, "2").balance().live == 1

    def test_a_process_of_another_host_is_never_taken_for_dead(
        self, redis_server: RedisServer
    ) -> None:
        """Its process id means nothing here."""
        Leases(redis_server.client(), "otherhost|boot|999999", range(16)).balance()
        assert leases(redis_server, "2").balance().held == {}

    def test_members_that_are_silent_for_a_time_to_live_do_not_count(
        self, redis_server: RedisServer
    ) -> None:
        """Their partitions are free by then too."""
        leases(redis_server, "1", ttl=0.05).balance()
        successor = leases(redis_server, "2", ttl=0.05)
        wait_for(lambda: len(successor.balance().held) == 16, "the successor has everything")


class TestRenew:
    def test_renewal_gives_a_deadline_before_the_lease_ends(
        self, redis_server: RedisServer
    ) -> None:
        """It counts from before the call was sent."""
        drainer = Leases(redis_server.client(), "h|b|1", range(2), ttl=10, clock=lambda: 100.0)
        assert drainer.renew(drainer.balance().held) == 110.0

    def test_a_lost_lease_is_noticed_and_the_successors_is_left_alone(
        self, redis_server: RedisServer
    ) -> None:
        """The value decides whose it is."""
        first, second = leases(redis_server, "1"), leases(redis_server, "2")
        held = first.balance().held
        redis_server.client().delete(*(keys.lease(number) for number in range(16)))
        taken = second.balance().held
        assert first.renew(held) is None
        assert second.balance().held == taken

    def test_one_that_leaves_keeps_its_leases_and_counts_no_more(
        self, redis_server: RedisServer
    ) -> None:
        """So that the others take what it gives back while its last handler still runs."""
        first, second = leases(redis_server, "1"), leases(redis_server, "2")
        held = first.balance().held
        assert first.renew(held, joined=False) is not None
        balance = second.balance()
        assert (balance.live, balance.share, balance.held) == (1, 16, {})
        first.release(5, held[5])
        assert list(second.balance().held) == [5]


class TestRelease:
    def test_what_is_no_longer_ours_is_not_given_back(self, redis_server: RedisServer) -> None:
        """A successor's lease stays."""
        first, second = leases(redis_server, "1"), leases(redis_server, "2")
        held = first.balance().held
        redis_server.client().delete(keys.lease(0))
        second.balance()
        assert not first.release(0, held[0])

    def test_dropping_a_drainer_frees_its_leases_alone(self, redis_server: RedisServer) -> None:
        """Process 1 is not process 11."""
        one, eleven = (
            leases(redis_server, "1", partitions=2),
            leases(redis_server, "11", partitions=2),
        )
        lease = one.balance().held[0]
        one.release(0, lease)
        eleven.balance()
        assert one.drop(one.member) == 1
        assert list(eleven.balance().held) == [0, 1]


def test_a_member_is_named_after_host_boot_and_process() -> None:
    """So that nobody reaps a process that it cannot see."""
    assert member_name(7) == f"{host_and_boot()}|7"


def test_the_clock_of_leases_goes_on_while_the_machine_is_suspended(
    redis_server: RedisServer,
) -> None:
    """Redis' does, on another machine: a drainer that wakes up must see that its leases are
    gone.
    """
    assert Leases(redis_server.client(), "h|b|1", range(2)).clock is now
    assert abs(now() - time.clock_gettime(time.CLOCK_BOOTTIME)) < 1
