"""A decider: a function that is asked about messages in flight, and whether it can be one."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from comethooks.workers.plugins.annotations import broken_promise
from comethooks.workers.plugins.event_filters import (
    EventFilter,
    Facts,
    filter_problems,
    misfits,
)
from comethooks.workers.plugins.handler import check_function
from comethooks.workers.plugins.plugin_errors import (
    FilterError,
    OptionError,
    PatternError,
    SignatureError,
)
from comethooks.workers.plugins.retry import is_seconds
from comethooks.workers.record import Record
from comethooks.workers.settings.defaults import BUDGET_MS
from comethooks.workers.settings.settings import NAMES
from comethooks.workers.settings.values import parse_duration

DECIDED_ON = ("before_message", "moderation_requested")
"""The triggers whose answer decides on a message."""
_LONGEST_SECONDS = BUDGET_MS[1] / 1000
_OPTIONS = ("timeout", "shadow")
DECIDER_EXAMPLE = '"before_message"'
"""A pattern of a decider, as it is written in code."""


@dataclass(frozen=True, slots=True)
class Decider:
    """A function that is asked about messages in flight."""

    id: str
    """`plugin.function`: stable, and what its votes are kept under."""
    plugin: str
    function: Callable[..., Any]
    patterns: tuple[str, ...]
    where: str
    """`file:line`."""
    timeout: float | None = None
    """Seconds that it may take. Without it, as many as all deciders have together."""
    shadow: bool = False
    """Whether what it says is only kept."""
    filters: tuple[EventFilter, ...] = ()
    """It is asked about those messages that all of these let through."""
    prepare: Callable[[], object] | None = None
    """Makes what it needs, in processes that ask it: nobody waits for the first message then."""

    def why_unwanted(self, message: Record) -> str | None:
        """Why it is not asked about a message; None if it is."""
        if message.trigger not in self.patterns:
            return f"it decides on {' and '.join(self.patterns)}, and this is {message.trigger}"
        return "; ".join(misfits(self.filters, Facts(message))) or None

    @property
    def kind(self) -> str:
        """What it is called among the functions of a plugin."""
        return "decider"

    @property
    def culprit(self) -> str:
        """What it is called where something is wrong with it."""
        return f"decider {self.id}"


def seconds_of(timeout: Any) -> Any:
    """The seconds of a timeout that is written as `"300ms"` or as a number of seconds; what is
    neither stays as it is.
    """
    if not isinstance(timeout, str):
        return timeout
    try:
        return parse_duration(timeout)
    except ValueError:
        return timeout


def longer_than_budget(decider: Decider, budget_ms: int) -> str | None:
    """What is said of a timeout that all deciders together do not have; None if they have it."""
    if decider.timeout is None or decider.timeout * 1000 <= budget_ms:
        return None
    return (
        f"its timeout of {decider.timeout * 1000:g} ms is longer than the {budget_ms} ms that all"
        f" deciders have together; raise {NAMES['decision_budget_ms']} or shorten the timeout"
    )


def check_decider(decider: Decider) -> None:
    """Raise `HandlerError`, or one of those below it, when `decider` cannot be one."""
    culprit, where = decider.culprit, decider.where
    check_function(decider)
    _check_patterns(decider)
    if any(each.name == "decision" for each in decider.filters):
        raise FilterError(
            culprit,
            "decision=… leaves out every message: nobody has decided on it yet",
            where=where,
        )
    for wrong in filter_problems(decider.filters, decider.patterns, _OPTIONS):
        raise FilterError(culprit, wrong, where=where)
    if problem := broken_promise(decider.function, decider.patterns):
        raise SignatureError(culprit, problem, where=where)
    shadow: object = decider.shadow
    if not isinstance(shadow, bool):
        raise OptionError(culprit, f"shadow={shadow!r} is neither True nor False", where=where)
    _check_timeout(decider)


def _check_patterns(decider: Decider) -> None:
    written = " or ".join(f'"{trigger}"' for trigger in DECIDED_ON)
    if not decider.patterns:
        raise PatternError(
            decider.culprit,
            f"name what it decides on: @plugin.decide({DECIDER_EXAMPLE}); that is {written}",
            where=decider.where,
        )
    for pattern in decider.patterns:
        if pattern not in DECIDED_ON:
            problem = (
                f"nobody waits for a decision on {pattern!r}; decide on {written}, or write"
                f" @plugin.on({pattern!r}) for what happens afterwards"
            )
            raise PatternError(decider.culprit, problem, where=decider.where)


def _check_timeout(decider: Decider) -> None:
    timeout: object = decider.timeout
    if timeout is None:
        return
    if not is_seconds(timeout) or timeout <= 0:
        problem = f'timeout={timeout!r} is no time above 0; write timeout="300ms"'
    elif timeout > _LONGEST_SECONDS:
        most = f"{_LONGEST_SECONDS * 1000:g}ms"
        problem = (
            f'timeout={timeout:g} s is longer than any decision may take; write up to "{most}"'
        )
    else:
        return
    raise OptionError(decider.culprit, problem, where=decider.where)
