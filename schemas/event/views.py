"""Views: typed, immutable objects over the JSON of the wire, read as late as somebody looks.

A handler looks at two or three attributes of a message; building the other forty for it would cost
most of the time that an event takes. An attribute is worked out once, and two threads that ask for
it at once get the same value.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar, overload

from comethooks.schemas.event.readonly import ReadOnlyDict
from comethooks.schemas.wire.rules import (
    to_datetime,
    to_flag,
    to_id,
    to_milliseconds,
    to_number,
    to_party,
    to_text,
)

T = TypeVar("T", covariant=True)
Wire = Mapping[str, Any]
NOTHING: dict[str, Any] = {}


class lazy(Generic[T]):
    """An attribute of an immutable object, computed when it is first asked for."""

    def __init__(self, build: Callable[[Any], T]) -> None:
        self._build = build
        self.__doc__ = build.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> "lazy[T]": ...

    @overload
    def __get__(self, instance: object, owner: type) -> T: ...

    def __get__(self, instance: object | None, owner: type) -> "T | lazy[T]":
        if instance is None:
            return self
        # Python looks here only until the instance has an attribute of this name; `setdefault`,
        # so that two threads which ask at once get the same value.
        value: T = instance.__dict__.setdefault(self._name, self._build(instance))
        return value


class Frozen:
    """Base of what cannot be changed. Its `repr` shows ids and kinds only, for logs."""

    _shown: ClassVar[tuple[str, ...]] = ()

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"{self._called()} cannot be changed (tried to set {name!r})")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{self._called()} cannot be changed (tried to delete {name!r})")

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in self._shown)
        return f"{type(self).__name__}({shown})"

    @classmethod
    def _called(cls) -> str:
        name = cls.__name__.lower()
        return f"an {name}" if name[0] in "aeiou" else f"a {name}"


class View(Frozen):
    """An object of the wire. Equal is what is of the same kind and says the same."""

    _wire: Wire

    def __init__(self, wire: Wire) -> None:
        self.__dict__["_wire"] = wire

    def __eq__(self, other: object) -> bool:
        return isinstance(other, View) and type(other) is type(self) and other._wire == self._wire

    def __hash__(self) -> int:
        return hash((type(self), *(getattr(self, name) for name in self._shown)))


def wire_of(view: View) -> dict[str, Any]:
    """The JSON that a view reads, as a plain dict that is the caller's own."""
    return ReadOnlyDict(dict(view._wire)).copy()


def text(*keys: str) -> lazy[str | None]:
    """The string under the first of `keys` that has one."""
    return lazy(_first(to_text, keys))


def string(*keys: str) -> lazy[str]:
    """The same, empty when there is none."""
    read = _first(to_text, keys)
    return lazy(lambda view: read(view) or "")


def identifier(*keys: str) -> lazy[str | None]:
    """The id under the first of `keys` that has one."""
    return lazy(_first(to_id, keys))


def id_string(*keys: str) -> lazy[str]:
    """The same, empty when there is none."""
    read = _first(to_id, keys)
    return lazy(lambda view: read(view) or "")


def party(*keys: str) -> lazy[str | None]:
    """The uid or guid under the first of `keys` that has one, bare or in an object."""
    return lazy(_first(to_party, keys))


def time(*keys: str) -> lazy[datetime | None]:
    """The moment under the first of `keys` that has one, in UTC; a time of 0 means none."""
    return lazy(_first(moment, keys))


def flag(*keys: str) -> lazy[bool | None]:
    """True or false, under the first of `keys` that says so."""
    return lazy(_first(to_flag, keys))


def number(*keys: str) -> lazy[int | float | None]:
    """The number under the first of `keys` that has one."""
    return lazy(_first(to_number, keys))


def strings(*keys: str) -> lazy[tuple[str, ...]]:
    """The strings of the list under the first of `keys` that has some."""
    return lazy(lambda view: texts_in(*(view._wire.get(key) for key in keys)))


def mapping(*keys: str) -> lazy[Mapping[str, Any]]:
    """The object under the first of `keys` that has one with something in it, read-only."""
    return lazy(lambda view: mapping_in(*(view._wire.get(key) for key in keys)))


def moment(value: Any) -> datetime | None:
    """A time of the wire."""
    return None if value is None else to_datetime(to_milliseconds(value))


def texts_in(*values: Any) -> tuple[str, ...]:
    """The strings of the first list that has some."""
    for value in values:
        if isinstance(value, list) and (
            found := tuple(item for item in value if isinstance(item, str))
        ):
            return found
    return ()


def mapping_in(*values: Any) -> Mapping[str, Any]:
    """The first object that has something in it, read-only."""
    return next(
        (ReadOnlyDict(value) for value in values if value and isinstance(value, dict)), _EMPTY
    )


def read_only_under(key: str, *holders: Wire) -> ReadOnlyDict | None:
    """The object under `key` in the first of `holders` that has one, read-only."""
    found = (holder.get(key) for holder in holders)
    return next((ReadOnlyDict(value) for value in found if isinstance(value, dict)), None)


def object_in(value: Any) -> dict[str, Any]:
    """An object; an empty one instead of anything else."""
    return value if isinstance(value, dict) else NOTHING


def objects_in(value: Any) -> list[dict[str, Any]]:
    """The objects in a list, or under the ids of an object."""
    if isinstance(value, dict):
        value = list(value.values())
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def entity_in(wire: Wire, *keys: str) -> dict[str, Any]:
    """The `entity` under the first of `keys`, in the object's `entities` or in the object."""
    for holder in (object_in(wire.get("entities")), wire):
        for key in keys:
            found = object_in(holder.get(key)).get("entity")
            if isinstance(found, dict):
                return found
    return NOTHING


_EMPTY = ReadOnlyDict(NOTHING)


def _first(rule: Callable[[Any], T | None], keys: tuple[str, ...]) -> Callable[[Any], T | None]:
    if len(keys) == 1:
        (only,) = keys
        return lambda view: rule(view._wire.get(only))

    def read(view: Any) -> T | None:
        for key in keys:
            if (value := rule(view._wire.get(key))) is not None:
                return value
        return None

    return read
