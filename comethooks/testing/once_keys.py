"""The keys of `ctx.once`, in memory."""

import threading
from collections.abc import Callable, Mapping
from types import MappingProxyType

from comethooks.workers.journal import KnownOnce, OnceClaim
from comethooks.workers.states import OnceState

_Key = tuple[str, str | None, str]
"""The plugin, the app, and what the plugin calls it."""


class OnceKeys:
    """Keeps what SQL keeps of keys in a service, as long as the harness is there. Safe to share
    between threads.
    """

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._claims: dict[_Key, tuple[OnceClaim, OnceState]] = {}

    @property
    def states(self) -> Mapping[str, OnceState]:
        """What is known of each key: `progress`, `done` or `unknown`."""
        with self._lock:
            return MappingProxyType({taken[-1]: self._state(taken) for taken in self._claims})

    def enter_once(self, claim: OnceClaim) -> KnownOnce | None:
        """Take the key if nobody has it: then None, else what is known of it."""
        key = _key(claim)
        with self._lock:
            if key not in self._claims:
                self._claims[key] = claim, OnceState.PROGRESS
                return None
            taken, state = self._claims[key]
            if state is OnceState.PROGRESS and taken.run == claim.run:
                self._claims[key] = taken, OnceState.UNKNOWN
            return KnownOnce(self._state(key), taken.until)

    def know_once(self, claim: OnceClaim) -> OnceState | None:
        """What is known of the key; None when nobody has it."""
        with self._lock:
            return self._state(_key(claim)) if _key(claim) in self._claims else None

    def leave_once(self, claim: OnceClaim, state: OnceState | None) -> None:
        """Say what became of a key that was taken; with None it is free again."""
        with self._lock:
            taken, _ = self._claims.get(_key(claim), (None, None))
            if taken is None or taken.token != claim.token:
                return
            if state is None:
                del self._claims[_key(claim)]
            else:
                self._claims[_key(claim)] = claim, state

    def _state(self, key: _Key) -> OnceState:
        claim, state = self._claims[key]
        is_over = state is OnceState.PROGRESS and claim.until <= self._clock()
        return OnceState.UNKNOWN if is_over else state


def _key(claim: OnceClaim) -> _Key:
    return claim.plugin, claim.app_id, claim.key
