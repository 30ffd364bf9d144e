"""From a decoded body to what the rest of the system needs to know of it, or a refusal."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from marshmallow import ValidationError

from comethooks.schemas.decoding import trigger_of
from comethooks.schemas.drift import Drift, DriftKind, drift_in
from comethooks.schemas.errors import InvalidBodyError
from comethooks.schemas.triggers.identity import content_hash, digest
from comethooks.schemas.triggers.table import entry_for
from comethooks.schemas.triggers.trigger import Form

EVERY = "*"
"""Among the strict triggers: all of them."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """An accepted body.

    `name` is the canonical name, `sender` the uid of who caused the event, `occurred_at`
    milliseconds since the epoch. Events of the same `key` are handled in order; an empty one means:
    none but itself. `duplicate_key` is the same for every delivery of one event; without a time of
    occurrence in it (`duplicate_key_has_time`) it may only be remembered for minutes. `drift` is
    what the schemas do not know of it.
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


def parse(body: dict[str, Any], raw: bytes, *, strict: AbstractSet[str] = frozenset()) -> Parsed:
    """What a decoded body says. `raw` is the same body as it came.

    `strict` are triggers, or `*` for all, whose bodies may hold nothing that the schemas do not
    know. Raises `InvalidBodyError` when a field that its trigger cannot be without is missing or of
    a wrong type, or when it has to be strict and there is drift.
    """
    trigger = trigger_of(body)
    entry = entry_for(trigger)
    form = entry.form_of(body)
    loaded = _load(form, body, trigger)
    drift = drift_in(body, entry, form)
    if drift and (trigger in strict or EVERY in strict):
        raise InvalidBodyError({finding.path: [_TEXTS[finding.kind]] for finding in drift}, trigger)
    family = form.family
    subject = form.shape.subject_of(loaded)
    if family.content is not None:
        subject["content"] = content_hash(family.content.of(body), raw)
    routing = family.routing(subject)
    subject["conversation"] = routing.conversation_id
    identity = family.identity(subject)
    # With the webhook, because two webhooks of an app that send the same are two events.
    app_id = loaded["appId"] or loaded.get("appID")
    envelope = (app_id, loaded["webhook"] or loaded["bot"], loaded["trigger"])
    return Parsed(
        trigger=loaded["trigger"],
        name=entry.name_of(subject),
        app_id=app_id,
        conversation_id=routing.conversation_id,
        sender=routing.sender,
        occurred_at=routing.occurred_at,
        key=routing.key,
        duplicate_key=digest((*envelope, *identity.parts)),
        duplicate_key_has_time=identity.has_time,
        drift=drift,
    )


_TEXTS = {
    DriftKind.TRIGGER: "Not a known trigger.",
    DriftKind.FIELD: "Not a known field.",
    DriftKind.TYPE: "Not of a known type.",
}


def _load(form: Form, body: dict[str, Any], trigger: str | None) -> dict[str, Any]:
    try:
        loaded: dict[str, Any] = form.schema.load(body)
    except ValidationError as error:
        # "from None": a ValidationError carries the body, which must not get into a traceback.
        raise InvalidBodyError(_by_path(error.messages_dict), trigger) from None
    return loaded


def _by_path(messages: Mapping[str, Any], prefix: str = "") -> dict[str, list[str]]:
    """Marshmallow's nested messages, flat: `{"data": {"id": [...]}}` as `{"data.id": [...]}`."""
    flat: dict[str, list[str]] = {}
    for key, value in messages.items():
        path = prefix if key == "_schema" else f"{prefix}.{key}".lstrip(".")
        if isinstance(value, dict):
            flat |= _by_path(value, path)
        else:
            flat.setdefault(path, []).extend(value)
    return flat
