"""Marshmallow fields for CometChat's type rules. What they all are is in `wire_field`."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, cached_property
from typing import Any

from marshmallow import Schema

from comethooks.schemas.wire import rules
from comethooks.schemas.wire.wire_field import Declared, WireField


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
    """An id, loaded as a string: those of messages are numbers in some bodies, uids may be, too."""

    rule = staticmethod(rules.to_id)
    types = (str, int, float)
    default_error_messages = {"invalid": "Not a non-empty string or an integer."}


class ReceiverType(_Particular):
    """`user` or `group` in any case, loaded in lower case."""

    rule = staticmethod(rules.to_receiver_type)
    default_error_messages = {"invalid": 'Not "user" or "group".'}


class Time(_Particular):
    """A time, loaded as milliseconds: seconds, milliseconds or microseconds, as number or string,
    or a date of ISO 8601.
    """

    rule = staticmethod(rules.to_milliseconds)
    types = (int, str, float)
    empty = (0, "0", "")
    default_error_messages = {"invalid": "Not a time: a number above 0, its digits, or a date."}


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
    def declared(self) -> Declared | None:
        """The fields of each object."""
        return None if self._of is None else declared(schema_of(self._of))

    def below(self, value: Any) -> Declared | None:
        """The same for every value."""
        return self.declared

    def all_below(self) -> Sequence[Declared]:
        """The same."""
        return () if self.declared is None else (self.declared,)


class _OneObject(WireField):
    """Base of the fields that are an object. An empty list is an empty one."""

    rule = staticmethod(rules.to_object)
    types: tuple[type, ...] = (dict,)
    default_error_messages = {"invalid": "Not an object."}

    def expects(self, value: Any) -> bool:
        """An object, or an empty list."""
        return type(value) is dict or value == []


class Object(_OneObject, _Nested):
    """An object, loaded by its schema if it has one. Not required and no object: an empty one.

    `schema` is a class whose constructor takes the paths, below this object, that are required and
    those that are wanted, or a function without arguments that gives it: objects of CometChat
    contain one another.
    """

    def __init__(self, schema: "SchemaOf | None" = None, **kwargs: Any) -> None:
        super().__init__(schema, **kwargs)
        self.loader: Schema | None = None

    def narrow(self, required: Iterable[str], wanted: Iterable[str]) -> None:
        """Build the schema that loads this object, once, with these paths."""
        if self._of is not None:
            self.loader = schema_of(self._of)(required, wanted)

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
        found = self.rule(value)
        if found is None:
            if self.required:
                raise self._refusal(value)
            found = {}
        return found if self.loader is None else self.loader.load(found)


class Newest(Object):
    """A list of objects, of which the last one is loaded, as `Object` loads one."""

    rule = staticmethod(rules.to_newest)
    types = (list,)
    default_error_messages = {"invalid": "Not a list of objects."}

    def expects(self, value: Any) -> bool:
        """A list."""
        return type(value) is list


class Objects(_Nested):
    """A list of objects, kept as it is."""

    rule = staticmethod(rules.to_list)
    types = (list,)
    default_error_messages = {"invalid": "Not a list."}


class Answers(WireField):
    """What was entered, by element: an object, or a list of objects. The ids of elements are kept
    by redaction, and nothing of what was entered.
    """

    rule = staticmethod(rules.as_it_is)
    types = (dict, list)
    default_error_messages = {"invalid": "Not an object or a list."}

    def below(self, value: Any) -> Declared | None:
        """Of an object every key is an element."""
        return Declared(dict.fromkeys(value, _ENTERED)) if isinstance(value, dict) else _LISTED

    def all_below(self) -> Sequence[Declared]:
        """Those of an entry of the list."""
        return (_LISTED,)


class ObjectMap(_Nested):
    """Objects by id, such as members and users, also written as a list. Loaded by id, as they
    are.
    """

    rule = staticmethod(rules.to_objects_by_id)
    types = (dict, list)
    default_error_messages = {"invalid": "Not an object or a list."}


class Party(_Particular):
    """A uid or guid, bare or in a user or group object, loaded as a string.

    `choose` is the schema of such an object, or gives it; without one nothing is known of it.
    """

    rule = staticmethod(rules.to_party)
    types = (str, int, float, dict)
    default_error_messages = {"invalid": "Not an id, or an object with a uid or guid."}

    def __init__(self, choose: "Choice | None" = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._choose = choose

    def expects(self, value: Any) -> bool:
        """An id, or any object."""
        return type(value) is dict or super().expects(value)

    def below(self, value: Any) -> Declared | None:
        """Those of the object; a bare id has none."""
        if self._choose is None or not isinstance(value, dict):
            return None
        return declared(chosen(self._choose, value))


class Entity(_OneObject):
    """A user, group, message or call under `entity`: which, its keys tell. Loaded as it is.

    `choose` is the schema of such an object, or gives it.
    """

    def __init__(self, choose: "Choice", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._choose = choose

    def below(self, value: Any) -> Declared | None:
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
    return Declared({key: field for key, field in found.items() if isinstance(field, WireField)})


_ENTERED = Free()
_LISTED = Declared({"elementId": Id(), "value": _ENTERED})
"""How Android and iOS write an answer."""
