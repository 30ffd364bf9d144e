"""JSON lines: an event in a file, as `events export` writes it and `events import` reads it.

A line has what is known of an event, and its body as it came: under `body` when that is UTF-8,
otherwise in base64 under `body_base64`; a `body` of null is not kept any more. An event that is
exported and imported again is the same.
"""

import base64
from collections.abc import Mapping
from typing import Any

from marshmallow import (
    EXCLUDE,
    Schema,
    ValidationError,
    fields,
    post_load,
    validate,
    validates_schema,
)

from comethooks import schemas
from comethooks.schemas import COMETCHAT, DecisionAction, Vote
from comethooks.schemas.event.interactions import PROVED
from comethooks.schemas.masking import MASK
from comethooks.workers.journal import StoredEvent, from_text, storable
from comethooks.workers.record import shortened
from comethooks.workers.texts import dumps

_KNOWN = (
    "id",
    "trigger",
    "name",
    "source",
    "app_id",
    "conversation_id",
    "sender",
    "occurred_at",
    "received_at",
    "decision",
    "votes",
)
_HARMLESS_HEADERS = frozenset(("content_type",))
"""What is known of a request and says nothing of who made it; so does what a token proved."""


def json_line(event: StoredEvent) -> dict[str, Any]:
    """The JSON line of an event; it has the body if that is still kept."""
    return {**_known(event), "headers": dict(event.headers), **_written(event.body)}


def redacted_json_line(event: StoredEvent) -> dict[str, Any]:
    """The same without secrets and personal data; it leaves out a body that is not JSON."""
    headers = {
        name: value if name in _HARMLESS_HEADERS or name.startswith(PROVED) else MASK
        for name, value in event.headers.items()
    }
    known = _known(event)
    # What deciders wrote themselves may tell what they saw.
    votes = [{**vote, **_masked(vote, "error", "reason")} for vote in known["votes"]]
    return {
        **known,
        "votes": votes,
        "headers": headers,
        "body": _redacted(event.body),
        "redacted": True,
    }


def _known(event: StoredEvent) -> dict[str, Any]:
    listed = event.as_json()
    size = event.size if event.body is None else len(event.body)
    return {**{name: listed[name] for name in _KNOWN}, "size": size}


def _masked(vote: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: MASK for name in names if vote[name] is not None}


def _written(body: bytes | None) -> dict[str, str | None]:
    try:
        return {"body": None if body is None else body.decode()}
    except UnicodeDecodeError:
        return {"body_base64": base64.b64encode(body or b"").decode()}


def _redacted(body: bytes | None) -> str | None:
    try:
        return None if body is None else dumps(schemas.redacted(schemas.decode(body))).decode()
    except schemas.NotJsonError:
        return None


class _Instant(fields.Field[int]):
    """An ISO time, as milliseconds; without a zone it is UTC."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        try:
            ms = storable(from_text(value))
        except (TypeError, ValueError):
            raise ValidationError("Not an ISO 8601 time.") from None
        if ms is None:
            raise ValidationError("Not a time that can be kept.")
        return ms


class _Headers(fields.Field[dict[str, str]]):
    """Names and values, all of them text."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Any, **kwargs: Any
    ) -> dict[str, str]:
        if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
            raise ValidationError("Not an object whose values are strings.")
        return value


class _Bytes(fields.Field[bytes]):
    """Bytes, as the text that they are."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bytes:
        if not isinstance(value, str):
            raise ValidationError("Not a string.")
        try:
            return value.encode()
        except UnicodeEncodeError:
            raise ValidationError("Holds a lone surrogate; write body_base64 instead.") from None


class _Base64(_Bytes):
    """Bytes in base64."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bytes:
        try:
            return base64.b64decode(
                super()._deserialize(value, attr, data, **kwargs), validate=True
            )
        except ValueError:
            raise ValidationError("Not base64.") from None


class _VoteSchema(Schema):
    """What one decider said."""

    decider = fields.Str(required=True)
    verdict = fields.Enum(DecisionAction, by_value=True, required=True, allow_none=True)
    ms = fields.Float(required=True)
    shadow = fields.Bool(load_default=False)
    error = fields.Str(load_default=None)
    reason = fields.Str(load_default=None)
    confidence = fields.Float(load_default=1.0)

    class Meta:
        """A later version may know more of a vote."""

        unknown = EXCLUDE

    @post_load
    def as_vote(self, loaded: dict[str, Any], **kwargs: Any) -> Vote:
        """The vote, with long texts cut as in one that was not in a file."""
        return shortened(Vote(**loaded))


class LineSchema(Schema):
    """A JSON line: the least that a person would write, or all that an export did."""

    class Meta:
        """A later version may know more of an event."""

        unknown = EXCLUDE

    id = fields.UUID(load_default=None)
    source = fields.Str(load_default=COMETCHAT, validate=validate.Length(min=1))
    trigger = fields.Str(load_default=None)
    name = fields.Str(load_default=None)
    app_id = fields.Str(load_default=None)
    conversation_id = fields.Str(load_default=None)
    sender = fields.Str(load_default=None)
    occurred_at = _Instant(load_default=None)
    received_at = _Instant(required=True)
    size = fields.Int(load_default=0, strict=True, validate=validate.Range(min=0), allow_none=True)
    headers = _Headers(load_default=dict)
    body = _Bytes(allow_none=True)
    body_base64 = _Base64()
    redacted = fields.Bool(load_default=False)
    decision = fields.Enum(DecisionAction, by_value=True, load_default=None)
    votes = fields.List(fields.Nested(_VoteSchema), load_default=list)

    @validates_schema
    def has_one_body(self, loaded: Mapping[str, Any], **kwargs: Any) -> None:
        """Raise `ValidationError` unless the line has one body, or null and the size of the body
        that is not kept any more.
        """
        given = loaded.keys() & {"body", "body_base64"}
        if len(given) != 1:
            problem = (
                "body_base64 has one, too" if given else "Missing; write it in a string, as it came"
            )
            raise ValidationError(f"{problem}.", "body")
        if loaded[given.pop()] is None and not loaded["size"]:
            raise ValidationError("Missing; a body that is null had one.", "size")

    @post_load
    def with_one_body(self, loaded: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        """The same, the body under `body` however it was written, and the id as text."""
        written = loaded.pop("body_base64", None)
        identifier = loaded["id"] and str(loaded["id"])
        votes = tuple(loaded["votes"])
        body = loaded.get("body", written)
        return {**loaded, "id": identifier, "body": body, "votes": votes}
