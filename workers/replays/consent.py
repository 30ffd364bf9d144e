"""Which handlers a replay may run: what each declares with `replay=`, and what somebody asked for.

The command, the test kit and the jobs all go by this, so a replay runs the same handlers wherever
it is begun.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from comethooks.workers.plugins.loaded import BoundHandler


class ConsentError(ValueError):
    """Somebody asks for a handler that a replay cannot run; `handler` is what was asked for.

    ```
    ConsentError
    ├── UnknownHandlerError         no handler has this id
    ├── NeverReplayedError          it declares `replay="never"`
    └── UnnamedHandlerError         it is included, and not among the handlers that were named
    ```
    """

    def __init__(self, handler: str, text: str) -> None:
        super().__init__(text)
        self.handler = handler


class UnknownHandlerError(ConsentError):
    """No handler that is loaded has this id."""

    def __init__(self, handler: str) -> None:
        super().__init__(handler, f"no handler is called {handler}")


class NeverReplayedError(ConsentError):
    """A handler cannot be included, since its author says that it may never be replayed."""

    def __init__(self, handler: str) -> None:
        super().__init__(handler, f'{handler} declares replay="never": it cannot be included')


class UnnamedHandlerError(ConsentError):
    """A handler is included that is not among those which the replay was narrowed down to."""

    def __init__(self, handler: str) -> None:
        super().__init__(
            handler, f"{handler} is included, and not among the handlers that are named"
        )


@dataclass(frozen=True, slots=True)
class Consent:
    """What a replay does with handlers, by their ids. A handler in none of the sets is no part of
    it.
    """

    granted: frozenset[str]
    """They are run: they are safe to repeat, or somebody asked for them by name."""
    never: frozenset[str]
    """They are not run, and the replay records a skipped run of each: somebody may wonder."""
    left_out: frozenset[str]
    """They are not run, and nothing is recorded: they declare `replay="ask"`, and nobody asked."""


def consent_of(
    handlers: Iterable[BoundHandler],
    *,
    named: Collection[str] = (),
    included: Collection[str] = (),
) -> Consent:
    """What a replay may do with `handlers`; with `named`, it is about those alone.

    To name a handler is to ask for it: whoever writes its id knows that it is run again. `included`
    are more of those that have to be asked for. Raises `ConsentError`.
    """
    declared = {handler.id: handler.handler.replay for handler in handlers}
    for handler in (*named, *included):
        if handler not in declared:
            raise UnknownHandlerError(handler)
    for handler in included:
        if named and handler not in named:
            raise UnnamedHandlerError(handler)
        if declared[handler] == "never":
            raise NeverReplayedError(handler)
    chosen = frozenset(named or declared)
    asked_for = {*named, *included}
    never = {each for each in chosen if declared[each] == "never"}
    left_out = {each for each in chosen if declared[each] == "ask" and each not in asked_for}
    return Consent(chosen - never - left_out, frozenset(never), frozenset(left_out))
