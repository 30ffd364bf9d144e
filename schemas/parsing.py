"""From a decoded body to what the rest of the system needs to know of it, or a refusal."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from marshmallow import ValidationError

from schemas import keys
from schemas.decoding import trigger_of
from schemas.envelope import Family, data_of
from schemas.errors import InvalidBodyError
from schemas.messages import message_in
from schemas.triggers import Form, Trigger, entry_for


@dataclass(frozen=True, slots=True)
class Parsed:
    """An accepted body.

    `name` is the canonical name, `sender` the uid of who caused the event, `occurred_at` milliseconds since
    the epoch. Events of the same `key` are handled in order; an empty one means: none but itself.
    `duplicate_key` is the same for every delivery of one event; without a time of occurrence in it
    (`duplicate_key_has_time`) it may only be remembered for minutes.
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


def parse(body: dict[str, Any], raw: bytes) -> Parsed:
    """What a decoded body says. `raw` is the same body as it came.

    Raises `InvalidBodyError` when a field that its trigger cannot be without is missing or of a wrong type.
    """
    trigger = trigger_of(body)
    entry = entry_for(trigger)
    form = entry.form_of(body)
    loaded = _load(form, body, trigger)
    subject = form.shape.subject(loaded["data"])
    routing = keys.routing(form.shape.family, subject)
    identity = _identity(entry, subject, body, raw)
    envelope = (loaded["appId"], loaded["webhook"] or loaded["bot"], loaded["trigger"])
    return Parsed(
        trigger=loaded["trigger"],
        name=entry.canonical,
        app_id=loaded["appId"],
        conversation_id=routing.conversation_id,
        sender=routing.sender,
        occurred_at=routing.occurred_at,
        key=routing.key,
        duplicate_key=keys.digest((*envelope, *identity.parts)),
        duplicate_key_has_time=identity.has_time,
    )


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


def _identity(entry: Trigger, subject: dict[str, Any], body: dict[str, Any], raw: bytes) -> keys.Identity:
    if entry.family is None:
        return keys.content_identity(body, raw)
    if entry.in_flight:
        message = message_in(data_of(body))
        return keys.in_flight_identity(subject, keys.content_hash(message.get("data") or message, raw))
    if entry.family is Family.MESSAGE:
        return keys.message_identity(subject)
    return (keys.receipt_identity if entry.family is Family.RECEIPT else keys.presence_identity)(subject)
