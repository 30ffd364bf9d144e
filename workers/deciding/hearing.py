"""Asking one decider once, and what becomes of what it returns or raises."""

import inspect
import time
from collections.abc import Callable

from comethooks.schemas import Event
from comethooks.workers.deciding.combining import DeciderFailure, Fault, Opinion
from comethooks.workers.deciding.decider_context import DeciderContext, DeciderServices
from comethooks.workers.handlers.handler_log import HandlerLog
from comethooks.workers.logs import one_line
from comethooks.workers.plugins.deciders.decision import Decision
from comethooks.workers.plugins.loaded import BoundDecider
from comethooks.workers.texts import without_secrets


def ask(
    bound: BoundDecider,
    event: Event,
    services: DeciderServices,
    ends_at: float,
    clock: Callable[[], float] = time.monotonic,
) -> Opinion:
    """What the decider says of the message, in this thread and however long it takes.

    Whatever it raises or returns becomes an opinion, and goes no further.
    """
    decider = bound.decider
    context = DeciderContext(
        config=bound.config,
        log=HandlerLog({"id": event.id, "trigger": event.trigger, "decider": decider.id}),
        decider=decider.id,
        app=services.apps.get(event.app_id or ""),
        _ends_at=ends_at,
        _services=services,
    )
    began = clock()
    try:
        said = decider.function(event, context)
    except BaseException as error:
        ms = _ms_since(began, clock)
        failure = DeciderFailure(decider.id, Fault.RAISED, _line(error), error)
        return Opinion(decider.id, ms, decider.shadow, failure=failure)
    ms = _ms_since(began, clock)
    if said is None:
        return Opinion(decider.id, ms, decider.shadow)
    if type(said) is Decision:
        return Opinion(decider.id, ms, decider.shadow, said)
    failure = DeciderFailure(decider.id, Fault.INVALID, _no_decision(said))
    return Opinion(decider.id, ms, decider.shadow, failure=failure)


def _ms_since(began: float, clock: Callable[[], float]) -> float:
    return round((clock() - began) * 1000, 3)


def _line(error: BaseException) -> str:
    """What was raised, in a line without secrets. Never fails, whatever the error's class does."""
    try:
        return without_secrets(one_line(error))
    except BaseException:
        return type(error).__name__


def _no_decision(said: object) -> str:
    kind = type(said)
    if inspect.iscoroutine(said):
        said.close()  # or Python warns, somewhere and later, that nobody has awaited it
        return (
            "it returned a coroutine, which nobody awaits; what it calls has to be plain functions"
        )
    if kind.__name__ == Decision.__name__:
        return f"it returned a Decision of {kind.__module__}; return one of comethooks"
    return f"it returned a {kind.__name__}; return a Decision of comethooks, or None"
