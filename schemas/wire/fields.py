"""Marshmallow fields for CometChat's type rules.

**A field is strict exactly when it is required.** Required, it refuses what is missing or of the
wrong type; otherwise whatever its rule cannot make sense of is loaded as None. So every field is in
the loaded data, and only what `schemas.triggers.table` requires can refuse a body. What is not as
expected elsewhere is *drift*.

A field also says, once and for everybody, what its value is worth hiding for: `secret` (it opens
something) or `personal` (it is about a person). Outputs mask the first, redaction both.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, cached_property
from typing import Any

from marshmallow import Schema, fields, missing

from comethooks.schemas.wire import rules

Declared = Mapping[str, "WireField"]
"""The fields of an object, under the keys of the wire."""


class WireField(fields.Field[Any]):
    """Base of the fields. A subclass names its `rule`: from a value to its meaning, or None.

    `types` are those that a decoded value may have without being drift.
    """

    rule: Callable[[Any], Any]
    types: tuple[type, ...] = (str,)
    default_error_messages = {"invalid": "Not a valid value."}

    def __init__(self, *, secret: bool = False, personal: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.secret = secret
        self.personal = personal

    def deserialize(
        self,
        value: Any,
        attr: str | None = None,
        data: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> Any:
        """What `value` means; None when it means nothing and the field is not required."""
        # In place of Marshmallow's own checks, which refuse a wrong value of an optional field too.
        result = None if value is missing else self.rule(value)
        if result is None and self.required:
            raise self._refusal(value)
        return result

    def expects(self, value: Any) -> bool:
        """Whether a decoded `value`, which is not None, is of a kind that the field may have."""
        return type(value) in self.types

    def below(self, value: Any) -> "Declared | None":
        """The fields of the object that `value` is; None when nothing is declared for it."""
        return None

    def all_below(self) -> "Sequence[Declared]":
        """Those of every object that a value may be."""
        return ()

    def _refusal(self, value: Any) -> Exception:
        if value is missing:
            return self.make_error("required")
        return self.make_error("null" if value is None else "invalid")


class _Particular(WireField):
    """Base of the fields that not every value of their types makes sense in.

    `empty` are those that mean nothing and are as good as absent.
    """

    empty: tuple[Any, ...] = ("",)

    def expects(self, value: Any) -> bool:
        """Whether `value` makes sense, or is empty."""
        return type(value) in self.types and (self.rule(value) is not None or value in self.empty)


class Text(WireField):
    """A string that is not empty."""

    rule = staticmethod(rules.to_text)
    default_error_messages = {"invalid": "Not a non-empty string."}


class Url(Text):
    """An address. Every output masks the signatures and tokens in its query."""


class Id(_Particular):
    """The id of a message, loaded as a string."""

    rule = staticmethod(rules.to_id)
    types = (str, int, float)
    default_error_messages = {"invalid": "Not a non-empty string or an integer."}


class ReceiverType(_Particular):
    """`user` or `group` in any case, loaded in lower case."""

    rule = staticmethod(rules.to_receiver_type)
    default_error_messages = {"invalid": 'Not "user" or "group".'}


class Time(_Particular):
    """A time in seconds, milliseconds or microseconds, number or string, loaded as milliseconds."""

    rule = staticmethod(rules.to_milliseconds)
    types = (int, str, float)
    empty = (0, "0", "")
    default_error_messages = {"invalid": "Not a time: a number, or a string of digits, above 0."}


class Flag(_Particular):
    """True or false, also written as 0, 1 or as a string of either."""

    rule = staticmethod(rules.to_flag)
    types = (bool, int, str)
    default_error_messages = {"invalid": "Not true or false."}


class Number(_Particular):
    """A number, also written as a string of digits."""

    rule = staticmethod(rules.to_number)
    types = (int, float, str)
    default_error_messages = {"invalid": "Not a number."}


class Texts(_Particular):
    """A list of strings."""

    rule = staticmethod(rules.to_texts)
    types = (list,)
    default_error_messages = {"invalid": "Not a list of strings."}


class Free(WireField):
    """Whatever its author put there: metadata, custom data, the content of a template."""

    rule = staticmethod(rules.as_it_is)

    def __init__(self, *, personal: bool = True, **kwargs: Any) -> None:
        super().__init__(personal=personal, **kwargs)

    def expects(self, value: Any) -> bool:
        """Anything is expected."""
        return True


class _Nested(WireField):
    """Base of the fields that hold objects of a schema."""

    def __init__(self, schema: "SchemaOf | None" = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._of = schema

    @cached_property
    def declared(self) -> "Declared | None":
        """The fields of each object."""
        return None if self._of is None else declared(schema_of(self._of))

    def below(self, value: Any) -> "Declared | None":
        """The same for every value."""
        return self.declared

    def all_below(self) -> "Sequence[Declared]":
        """The same."""
        return () if self.declared is None else (self.declared,)


class Object(_Nested):
    """An object, loaded by its schema if it has one. Not required and no object: an empty one.

    `schema` is a class whose constructor takes the paths, below this object, that are required and
    those that are wanted, or a function without arguments that gives it: objects of CometChat
    contain one another.
    """

    rule = staticmethod(rules.to_object)
    types = (dict,)
    default_error_messages = {"invalid": "Not an object."}

    def __init__(self, schema: "SchemaOf | None" = None, **kwargs: Any) -> None:
        super().__init__(schema, **kwargs)
        self._loader: Schema | None = None

    def narrow(self, required: Iterable[str], wanted: Iterable[str]) -> None:
        """Build the schema that loads this object, once, with these paths."""
        if self._of is not None:
            self._loader = schema_of(self._of)(required, wanted)

    def deserialize(
        self,
        value: Any,
        attr: str | None = None,
        data: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> Any:
        """The object, loaded by its schema.

        Raises `marshmallow.ValidationError` when it is required and no object, or lacks something
        required.
        """
        if not isinstance(value, dict):
            if self.required:
                raise self._refusal(value)
            value = {}
        return value if self._loader is None else self._loader.load(value)


class Objects(_Nested):
    """A list of objects, kept as it is."""

    rule = staticmethod(rules.to_list)
    types = (list,)
    default_error_messages = {"invalid": "Not a list."}


class ObjectMap(_Nested):
    """Objects by id, such as members and users. An empty one may be written as a list.

    Loaded as it is.
    """

    rule = staticmethod(rules.to_object)
    default_error_messages = {"invalid": "Not an object."}

    def expects(self, value: Any) -> bool:
        """An object, or an empty list."""
        return type(value) is dict or value == []


class Party(WireField):
    """A uid or guid, bare or in a user or group object, loaded as a string.

    `choose` is the schema of such an object, or gives it; without one nothing is known of it.
    """

    rule = staticmethod(rules.to_party)
    types = (str, dict)
    default_error_messages = {"invalid": "Not a non-empty string or an object with a uid or guid."}

    def __init__(self, choose: "Choice | None" = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._choose = choose

    def below(self, value: Any) -> "Declared | None":
        """Those of the object; a bare id has none."""
        if self._choose is None or not isinstance(value, dict):
            return None
        return declared(chosen(self._choose, value))


class Entity(WireField):
    """A user, group, message or call under `entity`: which, its keys tell. Loaded as it is.

    `choose` is the schema of such an object, or gives it.
    """

    rule = staticmethod(rules.to_object)
    types = (dict,)
    default_error_messages = {"invalid": "Not an object."}

    def __init__(self, choose: "Choice", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._choose = choose

    def below(self, value: Any) -> "Declared | None":
        """Those of what it is."""
        return declared(chosen(self._choose, value))


SchemaOf = type[Schema] | Callable[[], type[Schema]]
Choice = type[Schema] | Callable[[Mapping[str, Any]], type[Schema]]


def schema_of(named: SchemaOf) -> Any:
    """The schema that is named, itself or by a function."""
    return named if isinstance(named, type) else named()


def chosen(choice: Choice, value: Mapping[str, Any]) -> type[Schema]:
    """The schema of an object."""
    return choice if isinstance(choice, type) else choice(value)


@cache
def declared(schema: type[Schema]) -> Declared:
    """The fields that a schema declares, under the keys of the wire."""
    found = {field.data_key or name: field for name, field in schema._declared_fields.items()}
    return {key: field for key, field in found.items() if isinstance(field, WireField)}
