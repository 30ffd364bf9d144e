"""What a handler's annotation promises: events of a kind, such as `MessageEvent`.

A type checker takes the annotation's word for it, so it is checked against the patterns when the
handler is registered.
"""

import inspect
from collections.abc import Callable, Iterator
from typing import Any, get_args

from comethooks.schemas import COMETCHAT, KINDS, OURS, Event, kind_of
from comethooks.workers.patterns import known_events


def broken_promise(function: Callable[..., Any], patterns: tuple[str, ...]) -> str | None:
    """Which pattern fits events that `function` is not annotated for; None when none does."""
    kinds = tuple(_kinds(next(iter(inspect.signature(function).parameters.values())).annotation))
    if not kinds or Event in kinds:
        return None
    promised = " | ".join(kind.__name__ for kind in kinds)
    for pattern in patterns:
        if problem := _problem(pattern, kinds):
            return (
                f"it takes {promised}, and {problem}; annotate it with Event, or change {pattern!r}"
            )
    return None


def _problem(pattern: str, kinds: tuple[type[Event], ...]) -> str | None:
    fitting = dict(_fitting(pattern))
    for name, kind in fitting.items():
        if not issubclass(kind, kinds):
            return f"{pattern!r} fits {name}, which is {_a(kind)}"
    if not fitting:
        return f"{pattern!r} fits no trigger of CometChat that is known"
    # CometChat adds triggers; canonical names, which have a dot, are ours.
    if "*" in pattern and "." not in pattern:
        return f"{pattern!r} will fit triggers that CometChat adds"
    return None


def _fitting(pattern: str) -> Iterator[tuple[str, type[Event]]]:
    """The known names that a pattern fits, with the kind of their events."""
    for entry, name in known_events(pattern):
        yield name, kind_of(entry.name, OURS if entry.is_ours else COMETCHAT)


def _kinds(annotation: Any) -> Iterator[type[Event]]:
    """The kinds that an annotation names, as a class, a union or a text."""
    if isinstance(annotation, str):
        # By name, because what is imported for the type checker only cannot be evaluated.
        names = [part.strip(" \"'").rpartition(".")[2] for part in annotation.split("|")]
        known: tuple[type[Event], ...] = (Event, *KINDS)
        yield from (kind for kind in known if kind.__name__ in names)
        return
    for kind in get_args(annotation) or (annotation,):
        if isinstance(kind, type) and issubclass(kind, Event):
            yield kind


def _a(kind: type[Event]) -> str:
    return f"{'an' if kind is Event else 'a'} {kind.__name__}"
