"""CometChat's type rules: what a value on the wire means, or None when it means nothing.

An empty string, an object where text belongs or a time of 0 are "nothing"; no rule ever raises. The
Marshmallow fields (`schemas.wire.fields`) and the typed objects (`schemas.event.people`) share
these rules. Types are compared exactly: a JSON decoder makes no subclasses, and a bool is no number
here. PHP writes an empty object as `[]`, so an empty list is one too.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

_NUMERAL = re.compile(r"[0-9]{1,17}(?:\.[0-9]{1,9})?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9:.,]{5,18}(?:Z|[+-][0-9:]{2,6})?)?")
_DECIMAL = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,9})?")
_EPOCH = datetime.fromtimestamp(0, UTC)
_FLAGS = {"true": True, "1": True, "false": False, "0": False}
_EXACT_FLOAT = 2**53
_SECONDS_BELOW = 10**11
_MILLISECONDS_BELOW = 10**14
_MICROSECONDS_BELOW = 10**17


def to_text(value: Any) -> str | None:
    """A non-empty string as it is, lone surrogates and NUL included."""
    return value if type(value) is str and value else None


def to_id(value: Any) -> str | None:
    """An id as a string: of a message, webhooks send `"57"`, UI Kits `57`; uids may be numbers."""
    if type(value) is str:
        return value or None
    if type(value) is float:
        # Beyond this a float may stand for several integers.
        return str(int(value)) if value.is_integer() and abs(value) < _EXACT_FLOAT else None
    return str(value) if type(value) is int else None


def to_party(value: Any) -> str | None:
    """The uid or guid of somebody: bare in webhooks, in a user or group in SDK objects."""
    if isinstance(value, dict):
        return to_id(value.get("uid")) or to_id(value.get("guid"))
    return to_id(value)


def to_receiver_type(value: Any) -> str | None:
    """`"user"` or `"group"`, whatever the case it was written in."""
    kind = value.lower() if isinstance(value, str) else None
    return kind if kind in ("user", "group") else None


def to_milliseconds(value: Any) -> int | None:
    """A time in milliseconds since the epoch, from seconds, milliseconds or microseconds.

    Numbers and strings of digits are taken; the unit is told by the size, which is unambiguous for
    times from 1973 to 5138. A time of 0 means none. A date of ISO 8601 is taken too, in UTC unless
    it says otherwise.
    """
    if type(value) is str:
        if not _NUMERAL.fullmatch(value):
            return _milliseconds_of_date(value)
        value = float(value) if "." in value else int(value)
    elif type(value) is not int and type(value) is not float:
        return None
    if not 0 < value < _MICROSECONDS_BELOW:
        return None
    if value < _SECONDS_BELOW:
        return int(value * 1000)
    return int(value) if value < _MILLISECONDS_BELOW else int(value) // 1000


def _milliseconds_of_date(text: str) -> int | None:
    if not _DATE.fullmatch(text):
        return None
    try:
        date = datetime.fromisoformat(text)
    except ValueError:
        return None
    date = date if date.tzinfo else date.replace(tzinfo=UTC)
    milliseconds = (date - _EPOCH) // timedelta(milliseconds=1)
    return milliseconds if milliseconds > 0 else None


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
    """An object; an empty list is an empty one."""
    return value if type(value) is dict else ({} if value == [] else None)


def to_newest(value: Any) -> dict[str, Any] | None:
    """The last object of a list."""
    return to_object(value[-1]) if type(value) is list and value else None


def to_objects_by_id(value: Any) -> dict[str, Any] | None:
    """Objects under their uids; from a list of users, or of bare uids, those that have one."""
    if type(value) is not list:
        return to_object(value)
    users = (item if type(item) is dict else {"uid": item} for item in value)
    return {uid: user for user in users if (uid := to_id(user.get("uid")))}


def to_list(value: Any) -> list[Any] | None:
    """A list."""
    return value if type(value) is list else None


def as_it_is(value: Any) -> Any:
    """Anything."""
    return value
