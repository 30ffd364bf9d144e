"""A forgetter: a function of a plugin that forgets a user in what the plugin keeps itself."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from comethooks.workers.plugins.plugin_errors import HandlerError, SignatureError

FORGETTER_EXAMPLE = "@plugin.forget\ndef forget(app_id, uid):"


@dataclass(frozen=True, slots=True)
class Forgetter:
    """A function that is called with an app and a uid when somebody is to be forgotten."""

    id: str
    """`plugin.function`."""
    plugin: str
    function: Callable[..., Any]
    where: str
    """`file:line`."""

    @property
    def kind(self) -> str:
        """What it is called among the functions of a plugin."""
        return "forgetter"

    @property
    def culprit(self) -> str:
        """What it is called where something is wrong with it."""
        return f"forgetter {self.id}"


def check_forgetter(forgetter: Forgetter) -> None:
    """Raise `HandlerError` or `SignatureError` when `forgetter` cannot be one."""
    function, culprit, where = forgetter.function, forgetter.culprit, forgetter.where
    if not (inspect.isfunction(function) or inspect.ismethod(function)):
        problem = f"is not a function; write {FORGETTER_EXAMPLE!r}"
        raise HandlerError(culprit, problem, where=where)
    if inspect.iscoroutinefunction(inspect.unwrap(function)):
        raise HandlerError(culprit, 'is asynchronous; write "def"', where=where)
    try:
        inspect.signature(function).bind(None, None)
    except TypeError as error:
        problem = f"cannot be called as {function.__name__}(app_id, uid): {error}"
        raise SignatureError(culprit, problem, where=where) from None
