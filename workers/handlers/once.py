"""Side effects that happen at most once: who may do it now, who did it, and what nobody knows.

A key belongs to a plugin and an app, and has one row in SQL. The row is written and committed
before the block of `ctx.once` is entered, and again after it. What a crash leaves:

1. Before the first commit: nothing. The next attempt enters.
2. Inside the block: a row in progress. Nobody knows whether the effect happened: it is `unknown`,
   and is not done again. The next attempt of the same run says so at once, since of a run there is
   one attempt at a time; other runs wait until the time is over that the attempt had.
3. After the block, before the second commit: the same.
4. After it: done.

A block that raises frees its key, so that the next attempt enters; but not when a request in the
block had its effect or may have had it, whatever was raised after that, and not when the run was
interrupted.

What may be repeated, since the other side recognises it when it comes again, is not left at
`unknown`: the next attempt enters. It happens at least once then.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, NoReturn, Protocol

from comethooks.workers.handlers.http import Http
from comethooks.workers.plugins.retry import NotYet
from comethooks.workers.states import OnceState
from comethooks.workers.texts import scrub

if TYPE_CHECKING:
    from comethooks.workers.journal import KnownOnce, OnceClaim

LONGEST_KEY = 200
BUSY_SECONDS = 5.0
"""When to come back if another run is in the block: at most in so many seconds."""


class OnceKeys(Protocol):
    """Where keys are kept."""

    def enter_once(self, claim: "OnceClaim") -> "KnownOnce | None":
        """Take the key if nobody has it, or if what became of it is unknown and may be repeated:
        then None, else what is known of it.

        What another attempt of the same run has in progress is unknown from then on.
        """

    def know_once(self, claim: "OnceClaim") -> OnceState | None:
        """What is known of the key; None when nobody has it. Changes nothing."""

    def leave_once(self, claim: "OnceClaim", state: OnceState | None) -> None:
        """Say what became of a key that was taken; with None it is free again."""


class Block(AbstractContextManager[bool]):
    """What `ctx.once` gives: something for `with`, and for nothing else."""

    def __init__(self, key: str, entered: AbstractContextManager[bool]) -> None:
        self._key = key
        self._entered = entered

    def __enter__(self) -> bool:
        return self._entered.__enter__()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        return self._entered.__exit__(kind, error, trace)

    def __bool__(self) -> NoReturn:
        raise TypeError(
            f"ctx.once({self._key!r}) takes the key in a with statement only; write:"
            f" with ctx.once({self._key!r}) as first: and in it: if first:"
        )


def check_key(key: object) -> None:
    """Raises `ValueError` for what cannot be a key."""
    if not isinstance(key, str) or not 0 < len(key) <= LONGEST_KEY:
        raise ValueError(f"once({key!r:.50}): a key is a string of 1 to {LONGEST_KEY} characters")
    if scrub(key) != key:
        raise ValueError(
            f"once({key!r:.50}): a key is text without NUL and halves of surrogate pairs"
        )


@contextmanager
def entered(
    keys: OnceKeys, claim: "OnceClaim", http: Http | None = None
) -> Iterator[OnceState | None]:
    """The block of `ctx.once`: None for the one that is to do it, else what is known of the key.

    `http` is what requests in the block are made with. Raises `NotYet` when another run is in the
    block.
    """
    known = keys.enter_once(claim)
    if known is not None and known.state is OnceState.PROGRESS:
        # Not a failure of this run, so it must not cost an attempt: `NotYet` does not count.
        seconds = min(BUSY_SECONDS, max(known.until - claim.now, 0) / 1000)
        raise NotYet(seconds, f"another run is in the block of once({claim.key!r})")
    if known is not None:
        yield known.state
        return
    before = http.arrived if http else 0
    try:
        yield None
    except Exception:
        # Requests are counted, since the error may be of a line that follows the effect.
        arrived = http is not None and http.arrived > before
        keys.leave_once(claim, OnceState.UNKNOWN if arrived else None)
        raise
    except BaseException:
        # Interrupted, at whatever line: the effect may have come before it.
        keys.leave_once(claim, OnceState.UNKNOWN)
        raise
    keys.leave_once(claim, OnceState.DONE)
