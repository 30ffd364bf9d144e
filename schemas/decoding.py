"""From bytes to a JSON object, tolerant where CometChat's clients are sloppy."""

import json
from collections.abc import Mapping
from typing import Any

import orjson

from comethooks.schemas.errors import NotJsonError

_NAMES = {list: "a list", str: "a string", bool: "a boolean", int: "a number", float: "a number"}


def decode(raw: bytes) -> dict[str, Any]:
    """The JSON object that `raw` holds.

    Lone surrogates, a byte order mark and integers of any size are accepted; NaN and Infinity are
    not JSON.

    Raises `NotJsonError` for anything else, also for an object nested deeper than Python can follow
    (about 1,000 levels).
    """
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        value = _decode_leniently(raw)
    if not isinstance(value, dict):
        raise NotJsonError(f"not a JSON object but {_NAMES.get(type(value), 'null')}")
    return value


def trigger_of(body: Mapping[str, Any]) -> str | None:
    """The trigger of a decoded body; None when it is missing, empty or no string."""
    trigger = body.get("trigger")
    return trigger if isinstance(trigger, str) and trigger else None


def _decode_leniently(raw: bytes) -> Any:
    # orjson refuses lone surrogates, which real messages contain (an emoji cut in half by a
    # client), and numbers beyond a double. The standard library takes them, at a third of the
    # speed.
    try:
        return json.loads(raw, parse_constant=_refuse_constant, parse_int=_integer)
    except RecursionError:
        raise NotJsonError("nested too deeply") from None
    except ValueError:
        raise NotJsonError("not JSON") from None


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)


def _integer(digits: str) -> int | float:
    try:
        return int(digits)
    except ValueError:  # more digits than Python converts (sys.get_int_max_str_digits)
        return float(digits)
