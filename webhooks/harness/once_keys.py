"""The keys of `ctx.once`, in memory."""

import threading
from collections.abc import Callable, Mapping
from types import MappingProxyType

from workers.journal import OnceClaim
from workers.states import OnceState


class OnceKeys:
    """Keeps what SQL keeps of keys in a service, as long as the harness is there. Safe to share between threads."""

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._claims: dict[tuple[str, str], tuple[OnceClaim, OnceState]] = {}

    @property
    def states(self) -> Mapping[str, OnceState]:
        """What is known of each key: `progress`, `done` or `unknown`."""
        with self._lock:
            return MappingProxyType({key: self._state(plugin, key) for plugin, key in self._claims})

    def enter_once(self, claim: OnceClaim) -> OnceState | None:
        """Take the key if nobody has it: then None, else what is known of it."""
        with self._lock:
            if (claim.plugin, claim.key) in self._claims:
                return self._state(claim.plugin, claim.key)
            self._claims[claim.plugin, claim.key] = claim, OnceState.PROGRESS
            return None

    def know_once(self, claim: OnceClaim) -> OnceState | None:
        """What is known of the key; None when nobody has it."""
        with self._lock:
            known = (claim.plugin, claim.key) in self._claims
            return self._state(claim.plugin, claim.key) if known else None

    def leave_once(self, claim: OnceClaim, state: OnceState | None) -> None:
        """Say what became of a key that was taken; with None it is free again."""
        with self._lock:
            taken, _ = self._claims.get((claim.plugin, claim.key), (None, None))
            if taken is None or taken.token != claim.token:
                return
            if state is None:
                del self._claims[claim.plugin, claim.key]
            else:
                self._claims[claim.plugin, claim.key] = claim, state

    def _state(self, plugin: str, key: str) -> OnceState:
        claim, state = self._claims[plugin, key]
        is_over = state is OnceState.PROGRESS and claim.until <= self._clock()
        return OnceState.UNKNOWN if is_over else state
