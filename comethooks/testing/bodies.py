"""Bodies for tests: a sample of a trigger, with what the test says about it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from comethooks import samples
from comethooks.samples.fields import FieldError, Fields, with_fields
from comethooks.samples.making import template_of
from comethooks.schemas import TRIGGERS
from comethooks.testing.errors import HarnessError, guess


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which sample a test wants, and what it says about it; `changes` are values by dotted path."""

    trigger: str
    fields: Fields
    variant: str | None = None
    legacy: bool = False
    changes: Mapping[str, Any] | None = None


def made(wanted: Wanted, *, now_ms: int, random: Random) -> dict[str, Any]:
    """The body that is wanted, about something that happened at `now_ms`. Raises `HarnessError`."""
    _check(wanted)
    template = template_of(wanted.trigger, wanted.variant, legacy=wanted.legacy)
    try:
        body = with_fields(template, wanted.fields, now_ms=now_ms, random=random)
    except FieldError as error:
        raise HarnessError(f"{error}: {error.remedy()}, or use set={{…}}") from None
    for path, value in (wanted.changes or {}).items():
        put(body, path, value)
    return body


def put(body: dict[str, Any], path: str, value: Any) -> None:
    """Set a value at a dotted path. Raises `HarnessError`."""
    try:
        samples.put(body, path, value)
    except ValueError as error:
        raise HarnessError(f"set={{{path!r}: …}}: {error}") from None


def _check(wanted: Wanted) -> None:
    known = samples.table(legacy=wanted.legacy)
    if wanted.trigger not in known:
        raise HarnessError(_no_sample(wanted.trigger, known, legacy=wanted.legacy))
    variants = known[wanted.trigger]
    if wanted.variant is not None and wanted.variant not in variants:
        raise HarnessError(
            f"{wanted.trigger} has no variant {wanted.variant!r}{guess(wanted.variant, variants)}"
            f" Variants: {', '.join(variants)}"
        )
    names = Fields.__annotations__
    for name in wanted.fields:
        if name not in names:
            raise HarnessError(
                f"an event has no {name!r}{guess(name, names)} It has: {', '.join(names)}; write"
                ' anything else as set={"data.message.data.text": "…"}'
            )


def _no_sample(trigger: str, known: Iterable[str], *, legacy: bool) -> str:
    meant = [
        entry.name
        for entry in TRIGGERS.values()
        if entry.canonical == trigger and entry.name in known
    ]
    hint = (
        f"; that is the canonical name of {', '.join(meant)}." if meant else guess(trigger, known)
    )
    generation = "legacy sample" if legacy else "sample"
    return (
        f"there is no {generation} of {trigger!r}{hint}"
        ' In place of it, write bookmark="…" for a bookmark and body={…} for a body of your own.'
    )
