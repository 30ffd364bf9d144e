"""Words that stand in many bodies and mean nobody, though a user may be called so."""

import re
from functools import cache

from comethooks.schemas.masking import known_keys
from comethooks.schemas.triggers.table import TRIGGERS

_NUMBER_LENGTH, _SHORT = 6, 2
_VALUES = frozenset(
    (
        *("admin", "moderator", "default", "public", "private", "available", "online", "offline"),
        *("image", "audio", "video", "form", "scheduler", "submit", "true", "false", "null"),
    )
)
"""Of what is said of things, scopes, types and the like, what is no key as well."""
_PEOPLE = re.compile(
    r"(?i:uid|user|member|sender|receiver|owner|author|people|person|participant|customer|admin)"
    r"|(?:B|_b|^b)y$|(?i:^(?:from|to|who|with)$)"
)


def is_common(word: str) -> bool:
    """Whether a word is a number such as `42`, a letter or two, or a word of CometChat's such as
    `message`.
    """
    if len(word) <= _SHORT or (len(word) <= _NUMBER_LENGTH and word.isdigit()):
        return True
    return word in _words()


def is_of_people(key: str) -> bool:
    """Whether a key that somebody made up says that people are below it, as `seenBy` does."""
    return _PEOPLE.search(key) is not None


@cache
def _words() -> frozenset[str]:
    both = {name for entry in TRIGGERS.values() for name in (entry.name, entry.canonical)}
    names = {name for name in both if name is not None}
    parts = {part for name in names for part in re.split(r"[._]", name)}
    return known_keys() | names | parts | _VALUES
