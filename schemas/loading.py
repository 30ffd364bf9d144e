"""Loading a body with the schema of its form; and what there is to load of one that does not fit.

A *misfit* is a body that its schema refuses and that is let through all the same, because somebody
would rather have it as it is than lose it.
"""

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError

from comethooks.schemas.decoding import trigger_of
from comethooks.schemas.errors import InvalidBodyError
from comethooks.schemas.triggers.table import UNKNOWN, entry_for
from comethooks.schemas.triggers.trigger import Form
from comethooks.schemas.wire.envelope import data_of


def load(form: Form, body: dict[str, Any]) -> dict[str, Any]:
    """What the schema of a form loads of a body. Raises `InvalidBodyError`."""
    loaded = form.quick_load(body)
    if loaded is not None:
        return loaded
    try:
        judged: dict[str, Any] = form.schema.load(body)
    except ValidationError as error:
        # "from None": a ValidationError carries the body, which must not get into a traceback.
        raise InvalidBodyError(by_path(error.messages_dict), trigger_of(body)) from None
    return judged


def load_misfit(form: Form, body: Mapping[str, Any]) -> dict[str, Any]:
    """What there is to load of a body that has a trigger, whatever else it lacks."""
    loaded: dict[str, Any] = form.forgiving_schema.load({**body, "data": data_of(body)})
    return loaded


def misfit_in(body: dict[str, Any]) -> tuple[str, ...]:
    """Why the schema of its trigger refuses a body, a line for each path; empty when it fits."""
    entry = entry_for(trigger_of(body))
    if entry is UNKNOWN:
        return ()
    try:
        load(entry.form_of(body), body)
    except InvalidBodyError as error:
        return error.lines
    return ()


def by_path(messages: Mapping[Any, Any], prefix: str = "") -> dict[str, list[str]]:
    """Marshmallow's nested messages, flat: `{"data": {"id": [...]}}` as `{"data.id": [...]}`, and
    `{"ids": {0: [...]}}` as `{"ids[0]": [...]}`.
    """
    flat: dict[str, list[str]] = {}
    for key, value in messages.items():
        step = f"[{key}]" if isinstance(key, int) else f".{key}"
        path = prefix if key == "_schema" else f"{prefix}{step}".lstrip(".")
        if isinstance(value, dict):
            flat |= by_path(value, path)
        else:
            flat.setdefault(path, []).extend(value)
    return flat
