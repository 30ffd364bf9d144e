"""Which process takes a new connection: the one that has the fewest.

All processes wait on the same listening sockets, and who wakes first takes the connection. That is
the one that is awake already, so it gets nearly all of them. It keeps them as long as their senders
do, and works alone while the others have nothing to do. Here a process that has more connections
than another one leaves a new one to it.

It does so for a moment only. A process that is stopped or stuck, or has just died, keeps one
connection waiting, for `PATIENCE_SECONDS`, and no other before it has gone on.
"""

import mmap
import socket
import time

from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]

PATIENCE_SECONDS = 0.02
"""How long a connection is left to others. Where there is more to do than there are processors, one
that is well may be late by several milliseconds."""
NOTIFY_SECONDS = 1.0
"""How often a process shows the one that started it that it is alive, at most; 30 seconds are
allowed."""
LOOK_SECONDS = 0.001
"""How often a process looks meanwhile whether it is its turn by now."""

_SEATS = 64
_FREE, _AWAY = -2, -1


class OpenConnections:
    """How many connections each process has, and how many rounds of its main loop it has made, in
    memory that all of them share. It is made before they are forked, and gives a seat to each.
    """

    def __init__(self) -> None:
        memory = memoryview(mmap.mmap(-1, 2 * 8 * _SEATS)).cast("q")
        self._counts, self._rounds = memory[:_SEATS], memory[_SEATS:]
        for number in range(_SEATS):
            self._counts[number] = _FREE

    def take_seat(self) -> "Seat":
        """A seat for one more process. Only the process that forks them may call this."""
        for number, count in enumerate(self._counts):
            if count == _FREE:
                return Seat(number, self._counts, self._rounds)
        return OpenConnections().take_seat()  # such a process leaves nothing to others, nor they


class Seat:
    """Where one process says how it does, and sees how the others do. At first it takes no
    connections.
    """

    def __init__(self, number: int, counts: "memoryview[int]", rounds: "memoryview[int]") -> None:
        self._number = number
        self._counts = counts
        self.rounds = rounds
        """How many rounds each process has made, by the number of its seat."""
        self.leave()

    def say(self, connections: int) -> None:
        """Say that the process takes connections and has so many, after one more round."""
        self._counts[self._number] = connections
        self.rounds[self._number] += 1

    def leave(self) -> None:
        """Say that the process takes no more."""
        self._counts[self._number] = _AWAY

    def free(self) -> None:
        """Let another process have the seat. Only the process that forks them may call this."""
        self._counts[self._number] = _FREE

    def below(self) -> dict[int, int]:
        """The processes that take connections and have fewer: how many, by the number of the
        seat.
        """
        own = self._counts[self._number]
        return {number: has for number, has in enumerate(self._counts) if 0 <= has < own}


class Turns:
    """Whether it is the turn of a process to take connections, asked in every round of its main
    loop. `now` is in seconds, of a monotonic clock.
    """

    def __init__(self, seat: Seat) -> None:
        self._seat = seat
        self._below: dict[int, int] = {}
        self._until = 0.0
        self._was_in_vain = False
        self._stuck: dict[int, int] = {}
        """Who did not take what was left to them, and the round in which they were then."""

    def leaves(self, now: float) -> bool:
        """Whether to leave a connection that has come to others."""
        below = self._live_below()
        if self._was_in_vain and below == self._below:
            self._stuck |= {number: self._seat.rounds[number] for number in below}
            return False
        if below:
            self._wait(below, now)
        return bool(below)

    @property
    def is_waiting(self) -> bool:
        """Whether others may take what was left to them."""
        return self._until > 0.0

    def waits(self, now: float) -> bool:
        """Whether others may still take it. As long as they take something, all is well."""
        below = self._live_below()
        if not below or not self.is_waiting:
            self._until = 0.0
        elif below != self._below:
            self._wait(below, now)
        elif now >= self._until:
            self._until, self._was_in_vain = 0.0, True
        return self.is_waiting

    def begin_round(self, connections: int) -> None:
        """Say how many connections there are."""
        self._was_in_vain = False  # or one would have come
        self._seat.say(connections)

    def end(self) -> None:
        """Take part no more."""
        self._until = 0.0
        self._seat.leave()

    def _live_below(self) -> dict[int, int]:
        below, rounds = self._seat.below(), self._seat.rounds
        return {
            number: has
            for number, has in below.items()
            if self._stuck.get(number) != rounds[number]
        }

    def _wait(self, below: dict[int, int], now: float) -> None:
        self._below, self._until = below, now + PATIENCE_SECONDS


class SharingWorker(ThreadWorker):  # type: ignore[misc]
    """Takes a new connection only when it is its turn. gunicorn calls these methods."""

    seat: Seat
    """Given to it before the fork."""
    _notify_at = 0.0

    def init_process(self) -> None:
        """Be the process; returns when it ends."""
        self._turns = Turns(self.seat)
        super().init_process()

    def notify(self) -> None:
        """Begin a round of the main loop."""
        now = time.monotonic()
        if now >= self._notify_at:  # under load there are thousands of rounds a second
            super().notify()
            self._notify_at = now + NOTIFY_SECONDS
        if self.alive:
            self._turns.begin_round(self.nr_conns)

    def set_accept_enabled(self, enabled: bool) -> None:
        """Begin or cease to look for new connections. Called in every round that could have more of
        them and does not look.
        """
        if not (enabled and self._turns.waits(time.monotonic())):
            super().set_accept_enabled(enabled)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Wait for events; not for long when it may soon be our turn."""
        super().wait_for_and_dispatch_events(LOOK_SECONDS if self._turns.is_waiting else timeout)

    def accept(self, listener: socket.socket) -> None:
        """Take a new connection, or leave it to another process."""
        if self._turns.leaves(time.monotonic()):
            self.set_accept_enabled(False)
        else:
            self.take(listener)

    def take(self, listener: socket.socket) -> None:
        """Take a new connection."""
        super().accept(listener)

    def _cap_keepalive(self, deadline: float) -> None:
        self._turns.end()
        super()._cap_keepalive(deadline)
