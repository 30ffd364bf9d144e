"""Side effects that happen at most once: who may do it now, who did it, and what nobody knows.

A key belongs to a plugin and an app, and has one row in SQL. The row is written and committed before the block of
`ctx.once` is entered, and again after it. What a crash leaves:

1. Before the first commit: nothing. The next attempt enters.
2. Inside the block: a row in progress, whose lease ends with the time that its run had. From then on nobody knows
   whether the effect happened: it is `unknown`, and is not done again.
3. After the block, before the second commit: the same.
4. After it: done.

A block that raises frees its key, so that the next attempt enters; but not when what it raised leaves open whether a
request had arrived, and not when the run was interrupted.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from workers.http import may_have_arrived
from workers.journal import OnceClaim
from workers.retry import RetryLater
from workers.states import OnceState

LONGEST_KEY = 200
BUSY_SECONDS = 5.0
"""When to come back if another run is in the block: at most in so many seconds."""


class OnceKeys(Protocol):
    """Where keys are kept."""

    def enter_once(self, claim: OnceClaim) -> OnceState | None:
        """Take the key if nobody has it: then None, else what is known of it."""

    def know_once(self, claim: OnceClaim) -> OnceState | None:
        """What is known of the key; None when nobody has it. Changes nothing."""

    def leave_once(self, claim: OnceClaim, state: OnceState | None) -> None:
        """Say what became of a key that was taken; with None it is free again."""


@contextmanager
def entered(keys: OnceKeys, claim: OnceClaim) -> Iterator[bool]:
    """The block of `ctx.once`: true for the one that is to do it.

    Raises `RetryLater` when another run is in the block.
    """
    state = keys.enter_once(claim)
    if state is OnceState.PROGRESS:
        raise RetryLater(BUSY_SECONDS)
    if state is not None:
        yield False
        return
    try:
        yield True
    except Exception as error:
        keys.leave_once(claim, OnceState.UNKNOWN if may_have_arrived(error) else None)
        raise
    except BaseException:  # interrupted wherever it was
        keys.leave_once(claim, OnceState.UNKNOWN)
        raise
    keys.leave_once(claim, OnceState.DONE)
