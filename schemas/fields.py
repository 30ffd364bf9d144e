"""Marshmallow fields for CometChat's type rules.

**A field is strict exactly when it is required.** Required, it refuses what is missing or of the wrong type;
otherwise whatever its rule cannot make sense of is loaded as None. So every field is in the loaded data, and
only what `schemas.triggers` requires can refuse a body.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from marshmallow import Schema, fields, missing

from schemas import rules


class WireField(fields.Field[Any]):
    """Base of the fields. A subclass names its `rule`: a function from a value to its meaning or None."""

    rule: Callable[[Any], Any]
    default_error_messages = {"invalid": "Not a valid value."}

    def deserialize(
        self, value: Any, attr: str | None = None, data: Mapping[str, Any] | None = None, **kwargs: Any
    ) -> Any:
        """What `value` means; None when it means nothing and the field is not required."""
        result = None if value is missing else self.rule(value)
        if result is None and self.required:
            raise self._refusal(value)
        return result

    def _refusal(self, value: Any) -> Exception:
        if value is missing:
            return self.make_error("required")
        return self.make_error("null" if value is None else "invalid")


class Text(WireField):
    """A string that is not empty."""

    rule = staticmethod(rules.to_text)
    default_error_messages = {"invalid": "Not a non-empty string."}


class Id(WireField):
    """The id of a message, loaded as a string."""

    rule = staticmethod(rules.to_id)
    default_error_messages = {"invalid": "Not a non-empty string or an integer."}


class Party(WireField):
    """A uid or guid, bare or in a user or group object, loaded as a string."""

    rule = staticmethod(rules.to_party)
    default_error_messages = {"invalid": "Not a non-empty string or an object with a uid or guid."}


class ReceiverType(WireField):
    """`user` or `group` in any case, loaded in lower case."""

    rule = staticmethod(rules.to_receiver_type)
    default_error_messages = {"invalid": 'Not "user" or "group".'}


class Time(WireField):
    """A time in seconds, milliseconds or microseconds, number or string, loaded as milliseconds."""

    rule = staticmethod(rules.to_milliseconds)
    default_error_messages = {"invalid": "Not a time: a number, or a string of digits, above 0."}


class Object(WireField):
    """An object; with a schema, one that is loaded by it. Not required and no object: as if it were empty.

    `schema` is a class whose constructor takes the paths, below this object, that are required.
    """

    default_error_messages = {"invalid": "Not an object."}

    def __init__(self, schema: Callable[[Iterable[str]], Schema] | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._make_schema = schema
        self._schema: Schema | None = None

    def require(self, paths: Iterable[str]) -> None:
        """Build the schema of this object, once, with `paths` in it required."""
        self._schema = None if self._make_schema is None else self._make_schema(paths)

    def deserialize(
        self, value: Any, attr: str | None = None, data: Mapping[str, Any] | None = None, **kwargs: Any
    ) -> Any:
        """The object, loaded by its schema.

        Raises `marshmallow.ValidationError` when it is required and no object, or lacks something required.
        """
        if not isinstance(value, dict):
            if self.required:
                raise self._refusal(value)
            value = {}
        return value if self._schema is None else self._schema.load(value)
