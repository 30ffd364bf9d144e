"""Who has which partition: leases with a fence, and the membership that shares are made of.

A lease is a key that expires; its value `fence|host|boot|pid` is different each time it is taken.
Whatever a drainer does in Redis on behalf of a partition checks that value in the same script. A
drainer that cannot renew in time ends itself before the lease can be anybody else's: see
`workers.streams.keeper`.
"""

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

from redis import Redis

from comethooks.workers.processes import is_dead_here
from comethooks.workers.streams import keys, scripts

LEASE_TTL_SECONDS = 15.0
"""How long a partition stands still when its drainer's host is gone, and how long a C call may hold
the GIL."""


def now() -> float:
    """Seconds since some time, for deadlines of leases.

    On Linux they go on while the machine is suspended, as Redis' do elsewhere; `time.monotonic`
    stands still.
    """
    return time.clock_gettime(time.CLOCK_BOOTTIME) if sys.platform == "linux" else time.monotonic()


class LeaseLostError(Exception):
    """A partition belongs to another drainer now, as a script that checked the lease has said."""


@dataclass(frozen=True, slots=True)
class Balance:
    """What one call to `Leases.balance` found: live drainers, our share, and the value of each
    lease we hold.
    """

    live: int
    share: int
    held: dict[int, str]


class Leases:
    """The leases of one drainer, `member`, on `partitions`. One thread at a time: give each its own
    client.
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
        self._balance = client.register_script(scripts.BALANCE)
        self._renew = client.register_script(scripts.RENEW)
        self._release = client.register_script(scripts.RELEASE)
        self._drop = client.register_script(scripts.DROP)

    def balance(self) -> Balance:
        """Heartbeat, free the leases of drainers that died on this host, take free leases up to our
        share.
        """
        live, share, values, members = self._balanced()
        known = members | {value.partition("|")[2] for value in values if value}
        dead = {member for member in known if member != self.member and is_dead_here(member)}
        if dead:
            for member in dead:
                self.drop(member)
            live, share, values, _ = self._balanced()
        suffix = "|" + self.member
        held = {
            n: value for n, value in zip(self._keys, values, strict=True) if value.endswith(suffix)
        }
        return Balance(live, share, held)

    def renew(self, held: dict[int, str], *, joined: bool = True) -> float | None:
        """Prolong the leases in `held`. The time, by `clock`, until which they are ours; None when
        one is lost.

        With it goes the heartbeat of a member; one that has not `joined`, or leaves, sends none.

        The time counts from before the call was sent, so it ends before the lease does.
        """
        sent = self.clock()
        lost = self._renew(
            keys=[keys.MEMBERS, *(self._keys[number] for number in held)],
            args=[self.member, self._ttl_ms, int(joined), *held.values()],
        )
        return None if lost else sent + self.ttl

    def release(self, number: int, value: str) -> bool:
        """Give one lease back. False when it was no longer ours."""
        return bool(self._release(keys=[self._keys[number]], args=[value]))

    def drop(self, member: str) -> int:
        """Take all leases and the membership from `member`, who is dead or leaves. How many leases
        those were.
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
