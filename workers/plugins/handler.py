"""A handler: a function that is registered for triggers, and whether it can be one."""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, get_args

from comethooks.schemas import COMETCHAT, ECHO
from comethooks.workers.patterns import is_pattern, misfit
from comethooks.workers.plugins.annotations import broken_promise
from comethooks.workers.plugins.plugin_errors import (
    HandlerError,
    OptionError,
    PatternError,
    SignatureError,
)
from comethooks.workers.plugins.retry import Retry, is_seconds

Replayable = Literal["safe", "ask", "never"]
REPLAYABLE: tuple[Replayable, ...] = get_args(Replayable)
"""What a handler may say of replays."""
EXAMPLE = '"message_sent"'
"""A pattern, as it is written in code."""


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

    @property
    def culprit(self) -> str:
        """What it is called where something is wrong with it."""
        return f"handler {self.id}"

    def matches(self, trigger: str, name: str | None, source: str = COMETCHAT) -> bool:
        """Whether this handler wants events of `trigger`, whose canonical name is `name`."""
        return self.why_not(trigger, name, source) is None

    def why_not(self, trigger: str, name: str | None, source: str = COMETCHAT) -> str | None:
        """Why it does not want events of `trigger`, canonically `name`; None if it does."""
        misfits = [misfit(pattern, trigger, name, source) for pattern in self.patterns]
        if None not in misfits:
            return "; ".join(why for why in misfits if why is not None)
        if name == ECHO and not self.echoes:
            return "it only repeats an edit or a deletion, which takes echoes=True"
        return None


def check_handler(handler: Handler) -> None:
    """Raise `HandlerError`, or one of those below it, when `handler` cannot be one."""
    _check_function(handler)
    _check_patterns(handler)
    if problem := broken_promise(handler.function, handler.patterns):
        raise SignatureError(handler.culprit, problem, where=handler.where)
    _check_options(handler)


def _check_function(handler: Handler) -> None:
    function, culprit, where = handler.function, handler.culprit, handler.where
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
        raise HandlerError(
            culprit, 'is asynchronous; handlers run in threads: write "def"', where=where
        )
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
    for name in ("echoes", "ordered"):
        if not isinstance(value := getattr(handler, name), bool):
            yield f"{name}={value!r} is neither True nor False"
    if retry is not None and not isinstance(retry, Retry):
        yield f"retry={retry!r} is no Retry; write retry=Retry(attempts=5)"
    if timeout is not None and (not is_seconds(timeout) or timeout <= 0):
        yield f"timeout={timeout!r} is no number of seconds above 0; write timeout=10"
