"""When a run is poison: one rule, for drainers, for further attempts and for replays.

A run that was in progress when its process died may be why, as may all that were in progress beside
it. So it runs again with nothing beside it in its process. When that dies too, the run is poison,
and dead, if somebody saw a signal or an exit status of a handler's making, or had to kill the
process since it stood still. A death that nobody saw (the worker died as well), or in which the
process ended itself (Redis was away, a lease was lost), counts too, but takes one more: it may be
no fault of a handler.
"""

from comethooks.workers.processes import ended_itself

SEEN_DEATHS = 2
UNSEEN_DEATHS = 3


def deaths_allowed(ending: str | None) -> int:
    """At how many deaths a run is dead; `ending` is how its process ended last, if known."""
    return UNSEEN_DEATHS if ending is None or ended_itself(ending) else SEEN_DEATHS


def died_text(ending: str | None) -> str:
    """The error of an attempt that was in progress, or about to begin, when its process ended."""
    return "its process ended before it did" + (f" ({ending})" if ending else "")


def killed_text(ending: str | None, deaths: int) -> str:
    """The error of a run that is what its process died of, for the last of so many times."""
    times = "twice" if deaths == SEEN_DEATHS else f"{deaths} times"
    return f"killed its worker {times}" + (f" ({ending})" if ending else "")
