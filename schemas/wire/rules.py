"""CometChat's type rules: what a value on the wire means, or None when it means nothing.

An empty string, an object where text belongs or a time of 0 are "nothing"; no rule ever raises. The
Marshmallow fields (`schemas.wire.fields`) and the typed objects (`schemas.event.people`) share
these rules. Types are compared exactly: a JSON decoder makes no subclasses, and a bool is no number
here.
"""

import re
from datetime import UTC, datetime
from typing import Any

_NUMERAL = re.compile(r"[0-9]{1,17}(?:\.[0-9]{1,9})?")
_DECIMAL = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,9})?")
_FLAGS = {"true": True, "1": True, "false": False, "0": False}
_EXACT_FLOAT = 2**53
_SECONDS_BELOW = 10**11
_MILLISECONDS_BELOW = 10**14
_MICROSECONDS_BELOW = 10**17


def to_text(value: Any) -> str | None:
    """A non-empty string as it is, lone surrogates and NUL included."""
    return value if type(value) is str and value else None


def to_id(value: Any) -> str | None:
    """The id of a message as a string: webhooks send `"57"`, UI Kits send `57`."""
    if type(value) is str:
        return value or None
    if type(value) is float:
        # Beyond this a float may stand for several integers.
        return str(int(value)) if value.is_integer() and abs(value) < _EXACT_FLOAT else None
    return str(value) if type(value) is int else None


def to_party(value: Any) -> str | None:
    """The uid or guid of somebody: bare in webhooks, in a user or group in SDK objects."""
    if isinstance(value, dict):
        return to_text(value.get("uid")) or to_text(value.get("guid"))
    return to_text(value)


def to_receiver_type(value: Any) -> str | None:
    """`"user"` or `"group"`, whatever the case it was written in."""
    kind = value.lower() if isinstance(value, str) else None
    return kind if kind in ("user", "group") else None


def to_milliseconds(value: Any) -> int | None:
    """A time in milliseconds since the epoch, from seconds, milliseconds or microseconds.

    Numbers and strings of digits are taken; the unit is told by the size, which is unambiguous for
    times from 1973 to 5138. A time of 0 means none.
    """
    if type(value) is str:
        if not _NUMERAL.fullmatch(value):
            return None
        value = float(value) if "." in value else int(value)
    elif type(value) is not int and type(value) is not float:
        return None
    if not 0 < value < _MICROSECONDS_BELOW:
        return None
    if value < _SECONDS_BELOW:
        return int(value * 1000)
    return int(value) if value < _MILLISECONDS_BELOW else int(value) // 1000


def to_datetime(milliseconds: int | None) -> datetime | None:
    """The moment as an aware datetime in UTC; None when there is none or no calendar holds it."""
    if milliseconds is None:
        return None
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def to_flag(value: Any) -> bool | None:
    """True or false, from a boolean or from 0 and 1 and their names, in any case."""
    if type(value) is bool:
        return value
    if type(value) is int or type(value) is str:
        return _FLAGS.get(str(value).lower())
    return None


def to_number(value: Any) -> int | float | None:
    """A number, from a number or from a string that is one; fractions stay."""
    if type(value) is int or type(value) is float:
        return value
    if type(value) is not str or not _DECIMAL.fullmatch(value):
        return None
    return float(value) if "." in value else int(value)


def to_texts(value: Any) -> list[str] | None:
    """A list of strings; None when something else is in it."""
    return value if type(value) is list and all(type(item) is str for item in value) else None


def to_object(value: Any) -> dict[str, Any] | None:
    """An object."""
    return value if type(value) is dict else None


def to_list(value: Any) -> list[Any] | None:
    """A list."""
    return value if type(value) is list else None


def as_it_is(value: Any) -> Any:
    """Anything."""
    return value
