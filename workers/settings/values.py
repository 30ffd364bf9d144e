"""What the text of a setting means: numbers, durations, sizes, flags, lists. Addresses are in
`addresses`.

Each function raises `ValueError` with what was expected, in words that fit behind `NAME is "…": `.
None of them quotes the text, which may be a secret.
"""

import os
import re
from collections.abc import Sequence
from pathlib import Path

import orjson

_SECONDS = {"ms": 0.001, "": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_FLAGS = {
    "true": True,
    "yes": True,
    "on": True,
    "1": True,
    "false": False,
    "no": False,
    "off": False,
    "0": False,
}
_BYTES = {
    "": 1,
    "b": 1,
    "kb": 10**3,
    "mb": 10**6,
    "gb": 10**9,
    "kib": 2**10,
    "mib": 2**20,
    "gib": 2**30,
}

DEFAULT_PREFIX = "comethooks:"
"""How the keys in Redis begin unless a setting says otherwise."""


def parse_duration(text: str) -> float:
    """Seconds, from a number of them or a form such as `500ms`, `90s`, `15m`, `24h`, `7d`, `2w`."""
    match = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,6})?) ?(ms|[smhdw]?)", text.strip())
    if match is None:
        raise ValueError("expected a duration such as 90s, 15m, 24h or 7d, or a number of seconds")
    return float(match[1]) * _SECONDS[match[2]]


def parse_silence(text: str) -> float | str:
    """`auto`, `off`, or a duration in seconds, of at least 10."""
    if text in ("auto", "off"):
        return text
    try:
        seconds = parse_duration(text)
    except ValueError:
        seconds = 0.0
    if seconds < 10:
        raise ValueError("expected auto, off, or a duration of at least 10s, such as 15m")
    return seconds


def parse_size(text: str) -> int:
    """Bytes, from a number of them or a form such as `512kB`, `1MiB`, `2GB`, in any case."""
    match = re.fullmatch(r"([0-9]{1,15}(?:\.[0-9]{1,6})?) ?([a-z]{0,3})", text.strip().lower())
    if match is None or match[2] not in _BYTES:
        raise ValueError("expected a size such as 512kB, 1MiB or 2GB, or a number of bytes")
    return int(float(match[1]) * _BYTES[match[2]])


def parse_number(text: str, *, minimum: int = 1, maximum: int | None = None) -> int:
    """A whole number within limits."""
    number = int(text) if re.fullmatch(r"-?[0-9]{1,18}", text) else None
    if number is None or number < minimum or (maximum is not None and number > maximum):
        limits = f"of at least {minimum}" if maximum is None else f"from {minimum} to {maximum}"
        raise ValueError(f"expected a whole number {limits}")
    return number


def parse_names(text: str) -> tuple[str, ...]:
    """The entries between commas, in their order and once each; none of an empty text."""
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    if text and not names:
        raise ValueError("it names nothing; unset it, or write names with commas between them")
    return names


def parse_choice(text: str, *, choices: Sequence[str]) -> str:
    """One of `choices`."""
    if text not in choices:
        raise ValueError(f"expected {', '.join(choices[:-1])} or {choices[-1]}")
    return text


def parse_flag(text: str) -> bool:
    """Yes or no: true or false, also written as yes, on, 1, no, off, 0; case does not matter."""
    if text.lower() not in _FLAGS:
        raise ValueError("expected true or false")
    return _FLAGS[text.lower()]


def parse_json_object(text: str) -> str:
    """A JSON object, as it is written."""
    try:
        is_object = isinstance(orjson.loads(text), dict)
    except ValueError:
        is_object = False
    if not is_object:
        raise ValueError('expected a JSON object such as {"action":"do_not_propagate"}')
    return text


def parse_prefix(text: str) -> str:
    """How the keys of a deployment begin: with a name, and a colon, which need not be written."""
    if not re.fullmatch(r"[A-Za-z0-9_.-]{1,40}:?", text) or text.rstrip(":") == "rq":
        raise ValueError("expected a name of letters, digits, _ . or -, such as staging")
    return f"{text.rstrip(':')}:"


def parse_host(text: str) -> str:
    """The name of a host among others."""
    if not re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", text):
        raise ValueError("expected a name of at most 64 letters, digits, _ . or -, such as web-1")
    return text


def parse_path(text: str) -> Path:
    """An absolute path; a leading `~` is the home directory."""
    # Not `resolve`: a link may point elsewhere tomorrow, and is to be followed then.
    return Path(os.path.abspath(os.path.expanduser(text)))
