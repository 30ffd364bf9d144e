"""A user who is to be forgotten: how one is recognised, and what stands in the place of the uid.

Whoever remembers a user for somebody else (a tombstone) knows no uid but a hash, and asks that of
each candidate. So a uid is looked for as a whole word of ids: letters, digits, `_` and `-`, in
which `_user_` parts the two of a conversation, and a stamp of digits ends what an app calls a
message.
"""

import re
from collections.abc import Callable
from typing import Any

from comethooks.schemas.wire.rules import to_id

_WORD = re.compile(r"[\w-]+")
_MENTION = re.compile(r"(<@uid:)([^>]+)(>)")
_STAMPED = re.compile(r"(.+)([_-][0-9]{9,})")
_BETWEEN = "_user_"
_SHORTEST, _SHORTEST_NUMBER = 5, 7


class ForgottenUser:
    """A user with another name in the place of the uid.

    `is_same` tells whether a text is the uid. With `is_word` the uid may be a word of a language,
    or any number, and a text that merely holds it does not name the user.
    """

    def __init__(self, alias: str, is_same: Callable[[str], bool], *, is_word: bool) -> None:
        self.alias = alias
        self.is_word = is_word
        self._is_same = is_same

    def is_it(self, value: Any) -> bool:
        """Whether a decoded value is the uid, as a text or as a number."""
        found = to_id(value)
        return found is not None and self._is_same(found)

    def in_id(self, text: str) -> str:
        """An id, a key or an address with the other name wherever the user is part of it."""
        if self._is_same(text):
            return self.alias
        return _WORD.sub(lambda word: self._renamed(word[0], alone=True), text)

    def in_text(self, text: str) -> str:
        """What somebody wrote, with the other name in mentions, and in ids that stand in it."""
        text = _MENTION.sub(self._in_mention, text)
        return _WORD.sub(lambda word: self._renamed(word[0], alone=not self.is_word), text)

    def in_value(self, text: str) -> str:
        """A text of which nobody knows what it is: an id, unless there is a space in it."""
        return self.in_text(text) if any(map(str.isspace, text)) else self.in_id(text)

    def names(self, text: str | None) -> bool:
        """Whether the user is named in a text, as a word of it."""
        return text is not None and self.in_id(text) != text

    def _in_mention(self, found: re.Match[str]) -> str:
        before, uid, after = found.groups()
        return f"{before}{self.alias}{after}" if self._is_same(uid) else found[0]

    def _renamed(self, word: str, *, alone: bool) -> str:
        if alone and self._is_same(word):
            return self.alias
        place = word.find(_BETWEEN)
        while place >= 0:
            one, other = word[:place], word[place + len(_BETWEEN) :]
            if self._is_same(one) or self._is_same(other):
                pair = (self.alias if self._is_same(each) else each for each in (one, other))
                return _BETWEEN.join(sorted(pair))  # as CometChat names a conversation
            place = word.find(_BETWEEN, place + 1)
        stamped = _STAMPED.fullmatch(word)
        if stamped is not None and self._is_same(stamped[1]):
            return f"{self.alias}{stamped[2]}"
        return word


def may_be_a_word(uid: str) -> bool:
    """Whether texts may hold a uid without naming anybody: `omar`, `admin` and `42` are such, and
    `user-4711` is not.
    """
    if uid.isdigit():
        return len(uid) < _SHORTEST_NUMBER
    return len(uid) < _SHORTEST or uid.isalpha()
