"""From a decoded body to what the rest of the system needs to know of it, or a refusal."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from comethooks.schemas.decoding import trigger_of
from comethooks.schemas.drift import MOST_FINDINGS, Drift, DriftKind, drift_in
from comethooks.schemas.errors import InvalidBodyError
from comethooks.schemas.loading import load, load_misfit
from comethooks.schemas.triggers.families import first_of
from comethooks.schemas.triggers.repeats import duplicate_key, told_key
from comethooks.schemas.triggers.table import UNKNOWN, entry_for

EVERY = "*"
"""Among the strict triggers, or the lenient ones: all of them."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """An accepted body.

    `name` is the canonical name, `sender` the uid of who caused the event, `occurred_at`
    milliseconds since the epoch. Events of the same `key` are handled in order; an empty one means:
    none but itself. `duplicate_key` is the same for every delivery of one event; unless the body
    has a time of the event's own (`duplicate_key_has_time`) it is remembered for minutes only.
    `drift` is what the schemas do not know of it, and first of all what it is a misfit for.
    """

    trigger: str
    name: str | None
    app_id: str | None
    conversation_id: str | None
    sender: str | None
    occurred_at: int | None
    key: str
    duplicate_key: bytes
    duplicate_key_has_time: bool
    drift: tuple[Drift, ...] = ()

    @property
    def findings(self) -> tuple[tuple[str, str], ...]:
        """The drift as it is kept: kind and path."""
        return tuple((found.kind.value, found.path) for found in self.drift)

    @property
    def misfit(self) -> tuple[str, ...]:
        """Where it lacks what its trigger cannot be without; empty when it fits."""
        return tuple(found.path for found in self.drift if found.kind is DriftKind.MISFIT)


def parse(
    body: dict[str, Any],
    raw: bytes,
    *,
    strict: AbstractSet[str] = frozenset(),
    lenient: AbstractSet[str] = frozenset(),
) -> Parsed:
    """What a decoded body says. `raw` is the same body as it came.

    `strict` are triggers, or `*` for all, whose bodies may hold nothing that the schemas do not
    know. `lenient` are those whose bodies are let through whatever they lack, if the trigger is
    known at all; who names a trigger comes before who says `*`. Raises `InvalidBodyError` when a
    field that its trigger cannot be without is missing or of a wrong type, or when it has to be
    strict and there is drift.
    """
    trigger = trigger_of(body)
    entry = entry_for(trigger)
    form = entry.form_of(body)
    errors: Iterable[str] = ()
    try:
        loaded = load(form, body)
    except InvalidBodyError as error:
        if entry is UNKNOWN or not _is_among(trigger, lenient, strict):
            raise
        loaded, errors = load_misfit(form, body), error.errors
    misfit = (Drift(DriftKind.MISFIT, path) for path in errors)
    drift = (*misfit, *drift_in(body, entry, form))[:MOST_FINDINGS]
    if drift and _is_among(trigger, strict, lenient):
        raise InvalidBodyError({finding.path: [_TEXTS[finding.kind]] for finding in drift}, trigger)
    subject = form.shape.subject_of(loaded)
    own_time = first_of(subject, entry.own_times)
    routing = form.family.routing(subject, own_time)
    # Of a misfit nobody knows what tells it from another one, so all of it does.
    has_time = own_time is not None and not errors
    app_id = loaded["appId"] or loaded.get("appID")
    told = None if errors else told_key(entry.name, app_id, subject, entry.told_by)
    return Parsed(
        trigger=loaded["trigger"],
        name=entry.name_of(subject),
        app_id=app_id,
        conversation_id=routing.conversation_id,
        sender=routing.sender,
        occurred_at=routing.occurred_at,
        key=routing.key,
        duplicate_key=told or duplicate_key(body, raw, has_time=has_time),
        duplicate_key_has_time=told is not None or has_time,
        drift=drift,
    )


_TEXTS = {
    DriftKind.TRIGGER: "Not a known trigger.",
    DriftKind.FIELD: "Not a known field.",
    DriftKind.TYPE: "Not of a known type.",
}


def _is_among(trigger: str | None, named: AbstractSet[str], others: AbstractSet[str]) -> bool:
    return trigger in named or (EVERY in named and trigger not in others)
