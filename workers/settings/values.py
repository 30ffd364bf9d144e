"""What the text of a setting means: numbers, durations, sizes, flags, lists, URLs. Also how a URL
is shown.

Each function raises `ValueError` with what was expected, in words that fit behind `NAME is "…": `.
None of them quotes the text, which may be a secret.
"""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

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


def parse_duration(text: str) -> float:
    """Seconds, from a number of them or a form such as `500ms`, `90s`, `15m`, `24h`, `7d`, `2w`."""
    match = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,6})?) ?(ms|[smhdw]?)", text.strip())
    if match is None:
        raise ValueError("expected a duration such as 90s, 15m, 24h or 7d, or a number of seconds")
    return float(match[1]) * _SECONDS[match[2]]


def parse_size(text: str) -> int:
    """Bytes, from a number of them or a form such as `512kB`, `1MiB`, `2GB`; case does not
    matter.
    """
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


def parse_path(text: str) -> Path:
    """An absolute path; a leading `~` is the home directory."""
    return Path(
        os.path.abspath(os.path.expanduser(text))
    )  # resolves "..", but leaves links as they are


def parse_redis_url(text: str) -> str:
    """A URL that redis-py understands."""
    scheme, _, rest = text.partition("://")
    if scheme not in ("redis", "rediss", "unix") or not rest:
        raise ValueError(
            "expected redis://[user:password@]host:port/0, rediss://… or unix:///path/to/socket"
        )
    _check_host(text)
    return text


def parse_database_url(text: str) -> str:
    """A URL for SQLAlchemy: PostgreSQL's with its driver, SQLite's with an absolute path."""
    scheme, _, rest = text.partition("://")
    if scheme in ("postgres", "postgresql", "postgresql+psycopg") and rest:
        _check_host(text)
        return f"postgresql+psycopg://{rest}"
    if scheme != "sqlite" or not rest.startswith("/"):
        raise ValueError(
            "expected postgresql://user:password@host/database or sqlite:////path/to/file"
        )
    file, question, options = rest[1:].partition("?")
    if file in ("", ":memory:") or file.startswith("file:"):
        raise ValueError(
            "expected a file: several processes share the database, so it cannot be in memory"
        )
    return f"{sqlite_url(parse_path(unquote(file)))}{question}{options}"


def sqlite_url(path: Path) -> str:
    """SQLAlchemy's URL of the SQLite database in the file `path`."""
    return f"sqlite:///{str(path).replace('%', '%25').replace('?', '%3F')}"


def parse_public_url(text: str) -> str:
    """An http or https URL without a slash at its end."""
    _check_host(text)
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("expected a URL such as https://chat.example.com, without ? and #")
    return text.rstrip("/")


def masked_url(url: str) -> str:
    """`url` with its password, and parameters that look like one, replaced by `***`."""
    url = re.sub(r"(://[^:/?#@]*):.*@", r"\1:***@", url)
    return re.sub(r"(?i)([?&][^=&]*(?:pass|secret|token|key)[^=&]*=)[^&#]*", r"\1***", url)


def _check_host(url: str) -> None:
    try:
        _ = urlsplit(url).port
    except ValueError:
        raise ValueError(
            "its host and port cannot be read; characters such as / : @ # in a password are written"
            " percent-encoded"
        ) from None
