"""Bodies as they may be shown: secrets travel in them, on users, groups, calls and in URLs of media."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

MASK = "***"
CUT_OFF = "..."
_DEEPEST = 100

_SECRET_ENDINGS = (
    "token",
    "password",
    "secret",
    "apikey",
    "authkey",
    "privatekey",
    "authorization",
    "signature",
)
_SECRET_PARAMETERS = (*_SECRET_ENDINGS, "credential", "policy", "sig", "fat")
_NOT_LETTERS = re.compile(r"[^a-z0-9]")
_PARAMETER = re.compile(r"""(?P<name>[?&#][^=&?#\s]{1,128})=[^&#\s"'<>]+""")


def masked(value: Any) -> Any:
    """A copy of a decoded body with `***` for every secret, fit to be shown.

    Masked are what stands under a key such as `authToken`, `password`, `secret` or `apiKey`, and signatures
    and tokens in the query of a URL, also in the middle of a text. Whatever lies deeper than 100 levels is
    cut off.
    """
    return _masked(value, _DEEPEST)


def _masked(value: Any, levels: int) -> Any:
    if isinstance(value, str):
        return _PARAMETER.sub(_masked_parameter, value) if "=" in value else value
    if not isinstance(value, Mapping | Sequence):
        return value
    if levels == 0:
        return CUT_OFF
    if isinstance(value, Mapping):
        return {key: _masked_entry(key, item, levels - 1) for key, item in value.items()}
    return [_masked(item, levels - 1) for item in value]


def _masked_entry(key: str, value: Any, levels: int) -> Any:
    is_set = value is not None and value != ""
    return MASK if is_set and _ends_with(key, _SECRET_ENDINGS) else _masked(value, levels)


def _masked_parameter(parameter: re.Match[str]) -> str:
    name = parameter["name"]
    return f"{name}={MASK}" if _ends_with(name, _SECRET_PARAMETERS) else parameter[0]


def _ends_with(name: str, endings: tuple[str, ...]) -> bool:
    return _NOT_LETTERS.sub("", name.lower()).endswith(endings)
