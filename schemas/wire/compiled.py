"""What a schema loads, without what it costs to ask Marshmallow.

The Marshmallow schemas decide. A compiled load is made of one: it walks over the fields of the
schema once, and then applies their rules in a loop. It gives what the schema would, or nothing when
the schema might refuse; then the schema itself is asked, and says what is wrong. A schema with a
field that loads in a way of its own is not compiled.

`tests/schemas/wire/test_compiled.py` holds both side by side over every kind of body and what may
become of one.
"""

from collections.abc import Callable
from typing import Any

from marshmallow import Schema, ValidationError

from comethooks.schemas.wire.envelope import EnvelopeSchema
from comethooks.schemas.wire.fields import Object
from comethooks.schemas.wire.wire_field import WireField

Rule = Callable[[Any], Any]
_Step = tuple[str, str, Rule, bool]
"""Of a field: its name, its key on the wire, what it makes of a value, and if it is required."""


class _NotSureError(Exception):
    """The schema might refuse."""


class NotCompiledError(TypeError):
    """A schema has a field that loads in a way of its own."""


def compiled(schema: EnvelopeSchema) -> Callable[[dict[str, Any]], dict[str, Any] | None]:
    """The load of `schema`; it returns None for a body that the schema itself has to judge."""
    try:
        load_fields = _load_of(schema)
    except NotCompiledError:
        return lambda body: None

    def load(body: dict[str, Any]) -> dict[str, Any] | None:
        try:
            loaded = load_fields(body)
            schema.has_one_of_each_choice(loaded)
        except (_NotSureError, ValidationError):
            return None
        return loaded

    return load


def _load_of(schema: Schema) -> Callable[[dict[str, Any]], dict[str, Any]]:
    steps = [_step_of(name, field) for name, field in schema.load_fields.items()]

    def load(value: dict[str, Any]) -> dict[str, Any]:
        get = value.get
        loaded = {}
        for name, key, rule, is_required in steps:
            # What is missing means what null means: nothing.
            found = rule(get(key))
            if found is None and is_required:
                raise _NotSureError
            loaded[name] = found
        return loaded

    return load


def _step_of(name: str, field: object) -> _Step:
    if not isinstance(field, WireField):
        raise NotCompiledError(name)
    rule = _rule_of(field)
    if rule(None) is not None and not isinstance(field, Object):
        raise NotCompiledError(name)
    return name, field.data_key or name, rule, field.required


def _rule_of(field: WireField) -> Rule:
    deserialize = type(field).deserialize
    if deserialize is WireField.deserialize:
        return field.rule
    if not isinstance(field, Object) or deserialize is not Object.deserialize:
        raise NotCompiledError(type(field).__name__)
    below = None if field.loader is None else _load_of(field.loader)
    to_it, is_required = field.rule, field.required

    def load(value: Any) -> Any:
        found = to_it(value)
        if found is None:
            if is_required:
                return None
            found = {}
        return found if below is None else below(found)

    return load
