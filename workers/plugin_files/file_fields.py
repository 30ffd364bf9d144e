"""What keys of such a file may hold, as Marshmallow fields. No message quotes a value: it may be
secret.
"""

import re
from collections.abc import Callable
from typing import Any, get_args
from urllib.parse import urlsplit

from marshmallow import Schema, ValidationError, fields, validate

MISSING: dict[str, Any] = {
    "required": "it is missing",
    "null": "it is empty",
    "invalid": "expected text",
}
"""How a text says that it is missing, or none."""


class FileSchema(Schema):
    """Tells of a key that nobody reads which there are."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        there = f"nobody reads it; there are {', '.join(self.declared_fields)}"
        self.error_messages = {**self.error_messages, "unknown": there, "type": "expected a table"}


class SomeText(fields.String):
    """Text with something in it."""

    def __init__(self, check: Callable[[Any], Any] | None = None, **options: Any) -> None:
        checks = [_some, *([check] if check else [])]
        super().__init__(validate=checks, error_messages=MISSING, **options)


class SomeTexts(fields.Field[tuple[str, ...]]):
    """One text or several, at least one."""

    def __init__(self, check: Callable[[str], object] | None = None, **options: Any) -> None:
        super().__init__(error_messages=MISSING, **options)
        self._check = check

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> tuple[str, ...]:
        texts = [value] if isinstance(value, str) else value
        if not isinstance(texts, list) or not texts or not all(isinstance(t, str) for t in texts):
            raise ValidationError('expected a list of texts: ["one", "another"]')
        errors: dict[Any, list[str]] = {}
        for number, text in enumerate(texts):
            try:
                _some(text)
                if self._check:
                    self._check(text)
            except ValidationError as error:
                errors[number] = [str(each) for each in error.messages]
        if errors:
            raise ValidationError(errors)
        return tuple(dict.fromkeys(texts))


def one_of(choices: Any, **options: Any) -> fields.String:
    """A text that is one of those of a `Literal`."""
    names = get_args(choices)
    check = validate.OneOf(names, error=f"expected one of {', '.join(names)}")
    return fields.String(validate=check, error_messages=MISSING, **options)


def some_of(choices: Any, **options: Any) -> fields.List[Any]:
    """A list of those of a `Literal`."""
    told = {**MISSING, "invalid": f"expected a list of {', '.join(get_args(choices))}"}
    return fields.List(one_of(choices), error_messages=told, **options)


def number(low: float, high: float, **options: Any) -> fields.Float:
    """A number between two others, or one of them."""
    said = f"expected a number from {low:g} to {high:g}"
    check = validate.Range(low, high, error=said)
    told: dict[str, Any] = {**MISSING, "invalid": said, "special": said}
    return fields.Float(validate=check, error_messages=told, **options)


def whole_number(low: int, high: int, **options: Any) -> fields.Integer:
    """A whole number between two others, or one of them."""
    said = f"expected a whole number from {low} to {high}"
    check = validate.Range(low, high, error=said)
    told: dict[str, Any] = {**MISSING, "invalid": said}
    return fields.Integer(strict=True, validate=check, error_messages=told, **options)


def flag() -> fields.Boolean:
    """True or false, in the way of TOML."""
    told: dict[str, Any] = {**MISSING, "invalid": "expected true or false"}
    return fields.Boolean(truthy={True}, falsy={False}, error_messages=told)


class AnyTexts(SomeTexts):
    """Texts, of which there may be none."""

    def _deserialize(self, value: Any, *given: Any, **options: Any) -> tuple[str, ...]:
        return () if value == [] else super()._deserialize(value, *given, **options)


class MadeOf(fields.Nested):
    """A table of which something is made."""

    def __init__(self, schema: type[FileSchema], made: Any, **options: Any) -> None:
        super().__init__(schema, error_messages={"type": "expected a table"}, **options)
        self._make = made

    def _deserialize(self, value: Any, *given: Any, **options: Any) -> Any:
        return self._make(super()._deserialize(value, *given, **options))


def _some(text: str) -> None:
    if not text.strip():
        raise ValidationError("it is empty")


def check_name(text: str) -> None:
    """Raises `ValidationError` for what cannot be part of the id of a handler."""
    if not re.fullmatch("[a-z][a-z0-9_]{0,39}", text):
        raise ValidationError(
            "expected up to 40 lower-case letters, digits and _, a letter first: it becomes part of"
            " the ids of runs"
        )


def check_web_address(text: str) -> None:
    """Raises `ValidationError` for what is no address of the web."""
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and parts.hostname and (parts.port or 1)
    except ValueError:
        usable = False
    if not usable or re.search(r"\s", text):
        raise ValidationError("expected an address: https://example.com/hook")
