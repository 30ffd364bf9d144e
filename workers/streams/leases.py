"""Who has which partition: leases, and the membership that a drainer's share is made of.

A lease is a key that expires. Its value `fence|host|boot|pid` is another one each time the lease is
taken, and every script that changes something of a partition compares it first. A drainer that
cannot renew its leases in time ends itself before anybody else can have them: see
`workers.streams.keeper`.
"""

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

from redis import Redis

from comethooks.workers.processes import is_dead_here
from comethooks.workers.streams import keys
from comethooks.workers.streams.scripts import lease_scripts

LEASE_TTL_SECONDS = 15.0
"""How long a partition stands still after its drainer's host is gone. A C call that holds the GIL
for longer costs the drainer its leases.
"""


def now() -> float:
    """Seconds since some moment, for the deadlines of leases.

    Redis counts the time in which a machine is suspended. On Linux this clock does too; elsewhere
    it is `time.monotonic`, which does not.
    """
    return time.clock_gettime(time.CLOCK_BOOTTIME) if sys.platform == "linux" else time.monotonic()


class LeaseLostError(Exception):
    """Another drainer has the partition by now; a script that compared the lease has said so."""


@dataclass(frozen=True, slots=True)
class Balance:
    """What `Leases.balance` found: how many drainers live, our share of the partitions, and the
    value of each lease that we hold.
    """

    live: int
    share: int
    held: dict[int, str]


class Leases:
    """The leases of one drainer, `member`, on `partitions`. Only one thread may use it at a time:
    each needs a client of its own.
    """

    def __init__(
        self,
        client: Redis,
        member: str,
        partitions: Sequence[int],
        *,
        ttl: float = LEASE_TTL_SECONDS,
        clock: Callable[[], float] = now,
    ) -> None:
        self.member = member
        self.ttl = ttl
        self.clock = clock
        self._ttl_ms = int(ttl * 1000)
        self._keys = {number: keys.lease(number) for number in partitions}
        self._balance = client.register_script(lease_scripts.BALANCE)
        self._renew = client.register_script(lease_scripts.RENEW)
        self._release = client.register_script(lease_scripts.RELEASE)
        self._drop = client.register_script(lease_scripts.DROP)

    def balance(self) -> Balance:
        """Say that this drainer lives, free the leases of drainers of this host that died, and take
        free leases up to our share.
        """
        live, share, values, members = self._balanced()
        known = members | {value.partition("|")[2] for value in values if value}
        # Whoever holds a lease need not be a member any more: it may have left and died then.
        dead = {member for member in known if member != self.member and is_dead_here(member)}
        if dead:
            for member in dead:
                self.drop(member)
            live, share, values, _ = self._balanced()
        # Those of an earlier call whose answer was lost are among them: nothing is held unknown.
        suffix = "|" + self.member
        held = {
            n: value for n, value in zip(self._keys, values, strict=True) if value.endswith(suffix)
        }
        return Balance(live, share, held)

    def renew(self, held: dict[int, str], *, joined: bool = True) -> float | None:
        """Prolong the leases in `held`. Returns the time, by `clock`, until which they are ours, or
        None when one is lost.

        A drainer that is `joined` says with it that it lives; one that leaves does not.
        """
        # From before the call: the deadline must not lie behind the lease's own end, which Redis
        # counts from when it got the call.
        sent = self.clock()
        lost = self._renew(
            keys=[keys.MEMBERS, *(self._keys[number] for number in held)],
            args=[self.member, self._ttl_ms, int(joined), *held.values()],
        )
        return None if lost else sent + self.ttl

    def release(self, number: int, value: str) -> bool:
        """Give one lease back. Returns False when it was no longer ours."""
        return bool(self._release(keys=[self._keys[number]], args=[value]))

    def drop(self, member: str) -> int:
        """Take all leases and the membership from `member`, who is dead or leaves; returns how many
        leases those were.
        """
        return cast(int, self._drop(keys=[keys.MEMBERS, *self._keys.values()], args=[member]))

    def _balanced(self) -> tuple[int, int, list[str], set[str]]:
        live, share, values, members = self._balance(
            keys=[keys.MEMBERS, keys.FENCE, *self._keys.values()], args=[self.member, self._ttl_ms]
        )
        return (
            live,
            share,
            [value.decode() for value in values],
            {member.decode() for member in members},
        )
