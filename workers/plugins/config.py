"""The settings of a plugin: declared as Marshmallow fields, read from the environment, never shown.

The field `channel` of the plugin `welcome` is read from `COMETHOOKS_WELCOME_CHANNEL`, or from the
file that `COMETHOOKS_WELCOME_CHANNEL_FILE` names. A list is written with commas between its
entries, or as JSON; a mapping is written as JSON.
"""

import contextlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from marshmallow import Schema, ValidationError, fields

from comethooks.schemas.masking import MASK
from comethooks.workers.logs import failure
from comethooks.workers.settings.settings import NAMES
from comethooks.workers.settings.variables import read_variables
from comethooks.workers.texts import without


class Config:
    """A plugin's settings as read-only attributes; None where none is set and there is no default.

    Its `repr` shows no value.
    """

    __slots__ = ("_plugin", "_values")

    def __init__(self, plugin: str, values: Mapping[str, Any]) -> None:
        object.__setattr__(self, "_plugin", plugin)
        object.__setattr__(self, "_values", dict(values))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self._values[name]
        except KeyError:
            raise AttributeError(
                f"plugin {self._plugin} has no setting {name!r}; it has:"
                f" {', '.join(self._values) or 'none'}"
            ) from None

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"the settings of plugin {self._plugin} are read-only, {name!r} too")

    def __delattr__(self, name: str) -> NoReturn:
        self.__setattr__(name, None)

    def __dir__(self) -> list[str]:
        return sorted(self._values)

    def __repr__(self) -> str:
        return f"Config({', '.join(f'{name}={MASK}' for name in self._values)})"


def variable(plugin: str, field: str) -> str:
    """The environment variable of a plugin's field."""
    return f"COMETHOOKS_{plugin}_{field}".upper()


def declaration_problems(plugin: str, declared: object) -> list[str]:
    """What is wrong with the config that a plugin declares, a line each."""
    if not isinstance(declared, Mapping):
        return ['config is not a mapping; write config={"channel": fields.Url(required=True)}']
    taken = {form: name for name in NAMES.values() for form in _forms(name)}
    problems = []
    for name, field in declared.items():
        if not isinstance(name, str) or not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            problems.append(
                f"config field {name!r} is not named in lower-case letters, digits and _"
            )
            continue
        if not isinstance(field, fields.Field):
            hint = "; write () behind it" if isinstance(field, type) else ""
            problems.append(f"config field {name!r} is not a Marshmallow field{hint}")
        for form in _forms(variable(plugin, name)):
            if form in taken:
                problems.append(
                    f"config field {name!r} would be read from {form}, which belongs to"
                    f" {taken[form]}"
                )
            taken[form] = f"config field {name!r}"
    return problems


def read_config(
    plugin: str, declared: Mapping[str, fields.Field[Any]], environ: Mapping[str, str]
) -> tuple[Config, list[str]]:
    """A plugin's config from `environ`, and its problems: each names a variable, none a value."""
    variables = {name: variable(plugin, name) for name in declared}
    texts, unread = read_variables(environ, variables.values())
    problems = list(unread.values())
    given = {
        name: _value(declared[name], texts[key]) for name, key in variables.items() if key in texts
    }
    loaded: Any = {}
    try:
        loaded = Schema.from_dict(dict(declared))().load(given)
    except ValidationError as error:
        for name, messages in _by_field(error).items():
            key = variables.get(name, name)
            if key in texts:
                # A validator of the plugin may quote the values.
                said = without(" ".join(_flat(messages)), [*texts.values(), *_flat(given)])
                problems.append(f"{key}: {said}")
            elif key not in unread:
                problems.append(
                    f"{key} is not set; set it, or {key}_FILE to the path of a file with the value"
                )
    except Exception as error:
        if is_of_job(error):
            raise
        problems.append(f"the config could not be checked: {' at '.join(failure(error).values())}")
    return Config(plugin, {name: loaded.get(name) for name in declared}), problems


def is_of_job(error: BaseException) -> bool:
    """Whether RQ raised this because the time of its job is over: no fault of any plugin."""
    # Only here, since tests and commands load plugins, too, and RQ takes longer than they do.
    from rq.timeouts import BaseTimeoutException

    return isinstance(error, BaseTimeoutException)


def _forms(name: str) -> tuple[str, str]:
    return name, f"{name}_FILE"


def _value(field: fields.Field[Any], text: str) -> object:
    """What the field is given: for a list or a mapping what the text means, else the text."""
    is_list = isinstance(field, fields.List | fields.Tuple)
    if (is_list and text.startswith("[")) or isinstance(field, fields.Dict | fields.Nested):
        with contextlib.suppress(ValueError):  # no JSON: the field says what it expects
            return json.loads(text)
    if is_list:
        return [entry.strip() for entry in text.split(",") if entry.strip()]
    return text


def _by_field(error: ValidationError) -> Mapping[str, object]:
    return error.messages if isinstance(error.messages, Mapping) else {"config": error.messages}


def _flat(messages: object) -> Iterator[str]:
    if isinstance(messages, Mapping):
        messages = list(messages.values())
    if isinstance(messages, list):
        for message in messages:
            yield from _flat(message)
    else:
        yield str(messages)
