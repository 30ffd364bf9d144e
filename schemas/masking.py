"""Bodies as they may be shown: without the secrets on users, groups, calls and URLs of media.

What is secret and what is personal the schemas say, field by field (`secret=True`,
`personal=True`). A secret is masked wherever its key stands, known place or not, and so is what
merely sounds like one. Redaction goes the other way: it lets through what the schemas know to be
harmless, and nothing else.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from comethooks.schemas.decoding import trigger_of
from comethooks.schemas.event.readonly import ReadOnlyDict
from comethooks.schemas.triggers.table import TRIGGERS, entry_for
from comethooks.schemas.wire.fields import ObjectMap, Texts, declared
from comethooks.schemas.wire.wire_field import Declared, WireField

MASK = "***"
CUT_OFF = "..."
_DEEPEST = 100

SECRET_ENDINGS = (
    "token",
    "password",
    "secret",
    "apikey",
    "authkey",
    "privatekey",
    "authorization",
    "signature",
)
"""How a key of a body ends, but for what is no letter in it, that has a secret."""
SECRET_NAMES = (
    *SECRET_ENDINGS,
    "pass",
    "passwd",
    "passphrase",
    "key",
    "credential",
    "auth",
)
"""What is in the name of a setting, or of a part of an address, that is secret."""
_SECRET_PARAMETERS = (*SECRET_ENDINGS, "credential", "policy", "sig", "fat")
_NOT_LETTERS = re.compile(r"[^a-z0-9]")
_TOKEN = re.compile(
    r"""
    (?P<before> interactions (?: \\*/ | %2f ) ) [a-z0-9_-]{1,16} \. [a-z0-9_-]{8,} [a-z0-9_.-]*
    | (?<![a-z0-9_-]) [a-z0-9_-]{1,16} \. [a-z0-9_-]{8,} \. [a-z0-9_-]{43} (?![a-z0-9_-])
    """,
    re.IGNORECASE | re.VERBOSE,
)
"""The token of a URL for interactions, also one that is cut off; and one that stands by itself."""
_PARAMETER = re.compile(r"""(?P<name>[?&#][^=&?#\s]{1,128})=[^&#\s"'<>]+""")


def masked(value: Any) -> Any:
    """A copy of a decoded body with `***` for every secret, fit to be shown.

    Masked are what stands under a key such as `authToken`, `password`, `secret` or `apiKey`, and
    signatures and tokens in the query of a URL, also in the middle of a text, and so is the token
    of a URL of ours for interactions. Whatever lies deeper than 100 levels is cut off.
    """
    return _masked(value, _DEEPEST)


def redacted(body: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of a decoded body without secrets, texts, names, e-mail and avatars.

    Ids, kinds, times and counts stay. Of what the schemas do not know, expect otherwise, or leave
    to its author, nothing stays but that it was there: a string is `***`, an object or a list is
    empty, anything else is null.
    """
    plain = body.copy() if isinstance(body, ReadOnlyDict) else body
    form = entry_for(trigger_of(plain)).form_of(plain)
    shown: dict[str, Any] = masked(_redacted(plain, declared(form.shape.schema), _DEEPEST))
    return shown


def without_tokens(text: str) -> str:
    """`text` with `***` for every token of a URL for interactions."""
    # Few texts have two dots, and most are looked at for nothing else.
    return text if text.count(".") < 1 else _TOKEN.sub(rf"\g<before>{MASK}", text)


@cache
def secret_keys() -> frozenset[str]:
    """The keys that the schemas mark as secret."""
    marked = (key for key, field in _all_fields() if field.secret)
    return frozenset(marked)


@cache
def known_keys() -> frozenset[str]:
    """All keys that the schemas declare, wherever that is."""
    return frozenset(key for key, _ in _all_fields())


def _all_fields() -> Iterator[tuple[str, WireField]]:
    """Every field below the schemas of all triggers, with its key."""
    schemas = {form.shape.schema for entry in TRIGGERS.values() for form in entry.forms}
    unseen = [declared(schema) for schema in schemas]
    seen: set[int] = set()
    while unseen:
        fields = unseen.pop()
        if id(fields) in seen:
            continue
        seen.add(id(fields))
        for key, field in fields.items():
            yield key, field
            unseen += field.all_below()


def _redacted(value: Any, known: Declared, levels: int) -> Any:
    if not isinstance(value, dict):
        return _blank(value)
    return {key: _redacted_entry(known.get(key), item, levels - 1) for key, item in value.items()}


def _redacted_entry(field: WireField | None, value: Any, levels: int) -> Any:
    if levels <= 0 or field is None or field.hides(value) or not field.expects(value):
        return _blank(value)
    if not isinstance(value, dict | list):
        return value
    below = field.below(value)
    if below is None:
        return value if isinstance(field, Texts) else _blank(value)
    if isinstance(value, list):
        return [_redacted(item, below, levels - 1) for item in value]
    if isinstance(field, ObjectMap):
        return {key: _redacted(item, below, levels - 1) for key, item in value.items()}
    return _redacted(value, below, levels)


def _blank(value: Any) -> Any:
    """What may be told of a value of which nothing is to be told."""
    if isinstance(value, str):
        return MASK if value else value
    return type(value)() if isinstance(value, dict | list) else None


def _masked(value: Any, levels: int) -> Any:
    if isinstance(value, str):
        value = without_tokens(value)
        return _PARAMETER.sub(_masked_parameter, value) if "=" in value else value
    if not isinstance(value, Mapping | Sequence):
        return value
    if levels == 0:
        return CUT_OFF
    if isinstance(value, Mapping):
        return {
            without_tokens(key): _masked_entry(key, item, levels - 1) for key, item in value.items()
        }
    return [_masked(item, levels - 1) for item in value]


def _masked_entry(key: str, value: Any, levels: int) -> Any:
    is_set = value is not None and value != ""
    is_secret = key in secret_keys() or _ends_with(key, SECRET_ENDINGS)
    return MASK if is_set and is_secret else _masked(value, levels)


def _masked_parameter(parameter: re.Match[str]) -> str:
    name = parameter["name"]
    return f"{name}={MASK}" if _ends_with(name, _SECRET_PARAMETERS) else parameter[0]


def _ends_with(name: str, endings: tuple[str, ...]) -> bool:
    return _NOT_LETTERS.sub("", name.lower()).endswith(endings)
