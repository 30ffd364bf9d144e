"""The keys of the file, as Marshmallow schemas. No message quotes a value: it may be secret."""

import base64
import binascii
import re
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from comethooks.workers.notify.sinks import AppriseSink, ChatSink, WebhookSink
from comethooks.workers.patterns import is_pattern
from comethooks.workers.plugin_files.file_fields import (
    MISSING,
    FileSchema,
    SomeText,
    SomeTexts,
    check_name,
    check_web_address,
)
from comethooks.workers.plugin_files.templates import Template
from comethooks.workers.plugins.event_filters import filter_problems, filters_of

_SECRET_BYTES = (24, 64)
"""How long a secret may be, by the specification of Standard Webhooks."""
_SECRET_FORM = (
    "expected whsec_ and 24 to 64 random bytes in base64; make one with:"
    " echo whsec_$(head -c 32 /dev/urandom | base64)"
)


def _pattern(text: str) -> None:
    if not is_pattern(text):
        raise ValidationError(
            'it is no trigger, canonical name or wildcard ("interaction.completed", "message.*")'
        )


def _service(text: str) -> None:
    if not re.match(r"[a-z][a-z0-9+.-]*://\S", text, re.IGNORECASE):
        raise ValidationError("expected a URL that Apprise knows: tgram://…, slack://…, ntfy://…")


def check_secret(text: str) -> None:
    """Raises `ValidationError` for what is no secret of Standard Webhooks."""
    # Their library takes anything that base64 can be made of, and signs with that.
    prefix, whole, encoded = text.partition("whsec_")
    try:
        if prefix or not whole:
            raise ValueError
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
        usable = _SECRET_BYTES[0] <= len(key) <= _SECRET_BYTES[1]
    except (binascii.Error, ValueError):
        usable = False
    if not usable:
        raise ValidationError(_SECRET_FORM)


class WebhookSchema(FileSchema):
    """A sink of the kind `webhook`."""

    name = SomeText(check_name, required=True)
    kind = fields.String(required=True)
    url = SomeText(check_web_address, required=True)
    secrets = SomeTexts(check_secret)
    secrets_file = SomeText()

    @validates_schema
    def has_secrets(self, loaded: Mapping[str, Any], **_: Any) -> None:
        """Raise `ValidationError` unless there are secrets, from one place."""
        if "secrets" in loaded and "secrets_file" in loaded:
            raise ValidationError("write either secrets or secrets_file", "secrets_file")

    @validates_schema(pass_original=True)
    def has_any(self, _: Any, given: Mapping[str, Any], **__: Any) -> None:
        """Raise `ValidationError` when it says nothing of secrets."""
        if "secrets" not in given and "secrets_file" not in given:
            raise ValidationError("it is missing, and so is secrets_file", "secrets")


class AppriseSchema(FileSchema):
    """A sink of the kind `apprise`."""

    name = SomeText(check_name, required=True)
    kind = fields.String(required=True)
    url = SomeText(_service, required=True)

    @validates_schema
    def is_installed(self, *_: Any, **__: Any) -> None:
        """Raise `ValidationError` when Apprise is not there. It is not imported for that."""
        if find_spec("apprise") is None:
            raise ValidationError(
                "Apprise is not installed: pip install 'comethooks[apprise]'", "kind"
            )


class ChatSchema(FileSchema):
    """A sink of the kind `cometchat`."""

    name = SomeText(check_name, required=True)
    kind = fields.String(required=True)
    receiver = SomeText(required=True)
    receiver_type = fields.String(
        required=True,
        validate=validate.OneOf(("user", "group"), error="expected user or group"),
        error_messages=MISSING,
    )
    as_user = SomeText()


KINDS: Mapping[str, type[FileSchema]] = {
    WebhookSink.kind: WebhookSchema,
    AppriseSink.kind: AppriseSchema,
    ChatSink.kind: ChatSchema,
}


class SinkField(fields.Field[dict[str, Any]]):
    """A sink, by the schema of its kind."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise ValidationError("expected a table: [[sink]]")
        kind = value.get("kind")
        if not isinstance(kind, str) or kind not in KINDS:
            problem = "it is missing" if kind is None else "nobody knows it"
            raise ValidationError({"kind": [f"{problem}; there are {', '.join(KINDS)}"]})
        loaded: dict[str, Any] = KINDS[kind]().load(value)
        return loaded


class NotifyRuleSchema(FileSchema):
    """A rule."""

    name = SomeText(check_name)
    on = SomeTexts(_pattern, required=True)
    where = fields.Dict(
        keys=fields.String(),
        values=SomeTexts(),
        error_messages={"invalid": 'expected a table: { tag = "booking" }'},
    )
    sinks = SomeTexts(required=True)
    text = fields.String(error_messages=MISSING)

    @validates_schema
    def can_be_filled_in(self, loaded: Mapping[str, Any], **_: Any) -> None:
        """Raise `ValidationError` for a text that is no template."""
        if "text" in loaded:
            try:
                Template(loaded["text"])
            except ValueError as error:
                raise ValidationError(str(error), "text") from None

    @validates_schema(skip_on_field_errors=True)
    def leaves_something(self, loaded: Mapping[str, Any], **_: Any) -> None:
        """Raise `ValidationError` for filters that there are not, or that leave out everything."""
        problems = [*filter_problems(filters_of(loaded.get("where", {})), loaded["on"])]
        if problems:
            raise ValidationError(problems, "where")


class NotifySchema(FileSchema):
    """The file."""

    sink = fields.List(SinkField(), required=True, error_messages=MISSING)
    rule = fields.List(fields.Nested(NotifyRuleSchema), required=True, error_messages=MISSING)
