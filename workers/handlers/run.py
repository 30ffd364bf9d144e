"""One run: a handler applied to an event, and what became of it."""

from dataclasses import replace
from types import FrameType

import structlog

from comethooks.schemas import Event
from comethooks.workers.handlers.attribution import attributed
from comethooks.workers.handlers.context import make_context
from comethooks.workers.handlers.culprit import culprit, lines_at, lines_of
from comethooks.workers.handlers.effects import Effects
from comethooks.workers.handlers.handler_log import HandlerLog
from comethooks.workers.handlers.outside import Services
from comethooks.workers.journal import RunResult
from comethooks.workers.logs import failure, one_line, stack_text, traceback_text
from comethooks.workers.plugins.loaded import BoundHandler
from comethooks.workers.plugins.retry import counts, next_attempt
from comethooks.workers.states import RunState

log = structlog.get_logger()


class HandlerTimeoutError(BaseException):
    """A handler took longer than its timeout. Raised in the handler's thread, wherever that is.

    Not an `Exception`, so that a handler's own `except Exception` does not swallow it.
    """


def execute(
    handler: BoundHandler,
    event: Event,
    services: Services,
    *,
    attempt: int = 1,
    dry_run: bool = False,
    effects: Effects | None = None,
) -> RunResult:
    """Run `handler` once. Whatever it raises becomes the result of the run, and goes no further.

    What it does is noted in `effects`, which somebody else may look at meanwhile. In a dry run it
    is not done.

    Only a `HandlerTimeoutError` that arrives when the handler has ended already may come out of
    here.
    """
    said = {"id": event.id, "trigger": event.trigger, "handler": handler.id, "attempt": attempt}
    effects = effects or Effects(handler.config)
    context = make_context(
        event,
        handler=handler.id,
        config=handler.config,
        log=HandlerLog(said),
        attempt=attempt,
        seconds=handler.timeout,
        services=services,
        effects=effects,
        dry_run=dry_run,
    )
    clock = services.clock
    started = clock()
    try:
        handler.function(attributed(event, services), context)
    except BaseException as error:
        result = failed(handler, error, attempt=attempt, started_at=started, finished_at=clock())
        log.warning("run failed", **said, state=result.state.value, **failure(error))
        return replace(result, effects=effects.lines)
    return RunResult(
        handler=handler.id,
        state=RunState.DONE,
        attempts=attempt,
        started_at=started,
        finished_at=clock(),
        version=handler.version,
        effects=effects.lines,
    )


def failed(
    handler: BoundHandler,
    error: BaseException,
    *,
    attempt: int,
    started_at: int,
    finished_at: int,
    stack: FrameType | None = None,
) -> RunResult:
    """The result of attempt number `attempt` that `error` ended: to be tried again, or dead.

    `stack` is where the thread still is, of an error that was not raised. Never fails itself,
    whatever the error's class does.
    """
    delay, text, place = None, None, None
    try:
        delay = next_attempt(handler.retry, attempt, error)
        lines = lines_of(error) if stack is None else lines_at(stack)
        place = culprit(lines, handler.id, execute.__code__)
        line = one_line(error)
        if isinstance(error, HandlerTimeoutError):
            line = f"{line}: it took longer than {handler.timeout:g} s"
        text = traceback_text(error) if stack is None else stack_text(stack)
    except HandlerTimeoutError:
        raise  # it has arrived only now
    except BaseException:
        line = type(error).__name__
    return RunResult(
        handler=handler.id,
        state=RunState.DEAD if delay is None else RunState.RETRYING,
        attempts=attempt if counts(error) else attempt - 1,
        started_at=started_at,
        finished_at=finished_at,
        error=line,
        traceback=text,
        failed_in=place,
        next_at=None if delay is None else finished_at + round(delay * 1000),
        version=handler.version,
    )
