"""A handler: a function that is registered for triggers, and whether it can be one."""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, Protocol, get_args

from comethooks.schemas import COMETCHAT, ECHO
from comethooks.workers.patterns import is_pattern, why_none_fits
from comethooks.workers.plugins.annotations import broken_promise
from comethooks.workers.plugins.event_filters import (
    EventFilter,
    Facts,
    filter_problems,
    lets,
    misfits,
)
from comethooks.workers.plugins.plugin_errors import (
    FilterError,
    HandlerError,
    OptionError,
    PatternError,
    SignatureError,
)
from comethooks.workers.plugins.retry import Retry, is_seconds
from comethooks.workers.record import Record

Replayable = Literal["safe", "ask", "never"]
REPLAYABLE: tuple[Replayable, ...] = get_args(Replayable)
"""What a handler may say of replays."""
_OPTIONS = ("retry", "timeout", "echoes", "replay", "ordered", "own")
EXAMPLE = '"message_sent"'
"""A pattern, as it is written in code."""


class Registered(Protocol):
    """A function of a plugin that is registered for something."""

    @property
    def kind(self) -> str:
        """What it is called among the functions of a plugin."""

    @property
    def culprit(self) -> str:
        """What it is called where something is wrong with it."""

    @property
    def function(self) -> Callable[..., Any]:
        """What is called with the event and the context."""

    @property
    def where(self) -> str:
        """`file:line`."""


@dataclass(frozen=True, slots=True)
class Handler:
    """A function that is registered for triggers."""

    id: str
    """`plugin.function`: stable, and what runs are kept under."""
    plugin: str
    function: Callable[..., Any]
    patterns: tuple[str, ...]
    where: str
    """`file:line`."""
    retry: Retry | None = None
    """When a run that failed is tried again. None: only when the handler raises `RetryLater`."""
    timeout: float | None = None
    """Seconds that a run may take. Without it, as many as `COMETHOOKS_HANDLER_TIMEOUT` says."""
    echoes: bool = False
    """Whether it wants the echoes of edits too, which come as new messages."""
    replay: Replayable = "ask"
    """Whether a replay may run it: always (`safe`), when somebody names it (`ask`), or `never`."""
    ordered: bool = False
    """Whether a run that fails holds up those of later events of its conversation."""

    filters: tuple[EventFilter, ...] = ()
    """Of the events that its patterns fit it wants those that all of these let through."""
    own: bool = False
    """Whether it wants what our own plugins did with `ctx.cometchat`, too."""

    @property
    def kind(self) -> str:
        """What it is called among the functions of a plugin."""
        return "handler"

    @property
    def culprit(self) -> str:
        """What it is called where something is wrong with it."""
        return f"handler {self.id}"

    def matches(self, trigger: str, name: str | None, source: str = COMETCHAT) -> bool:
        """Whether this handler wants events of `trigger`, whose canonical name is `name`."""
        return self.why_not(trigger, name, source) is None

    def why_not(self, trigger: str, name: str | None, source: str = COMETCHAT) -> str | None:
        """Why it does not want events of `trigger`, canonically `name`; None if it does."""
        if by_patterns := why_none_fits(self.patterns, trigger, name, source):
            return by_patterns
        if name == ECHO and not self.echoes:
            return "it only repeats an edit or a deletion, which takes echoes=True"
        return None

    def why_unwanted(self, event: Record) -> str | None:
        """Why it does not want an event that was kept; None if it does."""
        by_patterns = self.why_not(event.trigger or "", event.name, event.source)
        if by_patterns is not None:
            return by_patterns
        facts = Facts(event)
        if not self.own and (plugin := facts.sent_by):
            return f"the plugin {plugin} did it with ctx.cometchat, which takes own=True"
        return self.why_left_out(facts)

    def wants(self, facts: Facts) -> bool:
        """Whether it wants an event that its patterns fit."""
        return lets(self.filters, facts) and (self.own or facts.sent_by is None)

    def why_left_out(self, facts: Facts) -> str | None:
        """Why its filters leave out an event that its patterns fit; None if they do not."""
        return "; ".join(misfits(self.filters, facts)) or None


def check_handler(handler: Handler) -> None:
    """Raise `HandlerError`, or one of those below it, when `handler` cannot be one."""
    check_function(handler)
    _check_patterns(handler)
    for wrong in filter_problems(handler.filters, handler.patterns, _OPTIONS):
        raise FilterError(handler.culprit, wrong, where=handler.where)
    if problem := broken_promise(handler.function, handler.patterns):
        raise SignatureError(handler.culprit, problem, where=handler.where)
    _check_options(handler)


def check_function(registered: Registered) -> None:
    """Raise `HandlerError` or `SignatureError` when a function cannot be called with an event and a
    context.
    """
    function, culprit, where = registered.function, registered.culprit, registered.where
    if not (inspect.isfunction(function) or inspect.ismethod(function)):
        raise HandlerError(
            culprit, "is not a function; decorate a function: def greet(event, ctx)", where=where
        )
    if not function.__name__.isidentifier():
        raise HandlerError(
            culprit, "has no name to keep its runs under; write it with def", where=where
        )
    plain = inspect.unwrap(function)
    if inspect.iscoroutinefunction(plain) or inspect.isasyncgenfunction(plain):
        problem = f'is asynchronous; {registered.kind}s run in threads: write "def"'
        raise HandlerError(culprit, problem, where=where)
    if inspect.isgeneratorfunction(plain):
        raise HandlerError(
            culprit, 'is a generator, which would never run; remove "yield"', where=where
        )
    try:
        inspect.signature(function).bind(None, None)
    except TypeError as error:
        problem = f"cannot be called as {function.__name__}(event, ctx): {error}"
        raise SignatureError(culprit, problem, where=where) from None


def _check_patterns(handler: Handler) -> None:
    culprit, where = handler.culprit, handler.where
    if not handler.patterns:
        raise PatternError(
            culprit, f"name at least one trigger: @plugin.on({EXAMPLE})", where=where
        )
    for pattern in handler.patterns:
        if not is_pattern(pattern):
            problem = (
                f'{pattern!r} is no trigger, canonical name or wildcard ({EXAMPLE}, "message.*",'
                ' "*")'
            )
            raise PatternError(culprit, problem, where=where)


def _check_options(handler: Handler) -> None:
    for problem in _wrong_options(handler):
        raise OptionError(handler.culprit, problem, where=handler.where)


def _wrong_options(handler: Handler) -> Iterator[str]:
    # Authors need not use a type checker: anything may stand here.
    retry: object = handler.retry
    timeout: object = handler.timeout
    if handler.replay not in REPLAYABLE:
        yield f"replay={handler.replay!r} is none of {', '.join(map(repr, REPLAYABLE))}"
    for name in ("echoes", "ordered", "own"):
        if not isinstance(value := getattr(handler, name), bool):
            yield f"{name}={value!r} is neither True nor False"
    if retry is not None and not isinstance(retry, Retry):
        yield f"retry={retry!r} is no Retry; write retry=Retry(attempts=5)"
    if timeout is not None and (not is_seconds(timeout) or timeout <= 0):
        yield f"timeout={timeout!r} is no number of seconds above 0; write timeout=10"
