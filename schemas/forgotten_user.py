"""A user who is to be forgotten: how one is recognised, and what stands in the place of the uid.

Whoever remembers a user for somebody else (a tombstone) knows no uid but a hash, and asks that of
each candidate. So a uid is looked for as a whole word of ids: letters, digits, `_` and `-`, in
which `_user_` parts the two of a conversation, and a stamp of digits ends what an app calls a
message. CometChat's uids have nothing else in them; one that has is found as a whole, and within
something longer by whoever knows it.
"""

import json
import re
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote

from comethooks.schemas.common_words import is_common
from comethooks.schemas.wire.rules import to_id

_WORD = re.compile(r"[\w-]+")
_MENTION = re.compile(r"(<@uid:)([^>]+)(>)")
_STAMP = r"[_-]1(?:[0-9]{9}|[0-9]{12})(?![0-9])"
"""Seconds or milliseconds since 1970. Other digits are more likely part of somebody's uid."""
_STAMPED = re.compile(rf"(.+)({_STAMP})")
BETWEEN = "_user_"
"""What parts the two of a conversation in its id."""
_OF_GROUP = "group_"
"""How a group's conversation begins; its id follows, and may have anything in it."""
_NO_ID = re.compile(r"[\s/:]")
"""What is in addresses, keys and sentences, and in no id."""
_SHORTEST, _SHORTEST_NUMBER = 5, 7


class ForgottenUser:
    """A user with another name in the place of the uid.

    `is_same` tells whether a text is the uid. With `is_word` the uid may be a word of a language,
    or any number, and a text that merely holds it does not name the user. `written` is how a uid
    that is known may be written.
    """

    def __init__(
        self,
        alias: str,
        is_same: Callable[[str], bool],
        *,
        is_word: bool,
        written: Sequence[str] = (),
    ) -> None:
        self.alias = alias
        self.is_word = is_word
        self._is_same = is_same
        no_words = [each for each in written if not _WORD.fullmatch(each)]
        self._written = _patterns(no_words) if no_words else {}
        self._as_letters = _by_themselves(written) if written else None

    def is_it(self, value: Any) -> bool:
        """Whether a decoded value is the uid, as a text or as a number."""
        found = to_id(value)
        return found is not None and self._is_same(found)

    def in_uid(self, text: str) -> str:
        """A text that is a uid: the other name, or as it is."""
        return self.alias if self._is_same(text) else text

    def in_id(self, text: str) -> str:
        """An id or an address with the other name wherever the user is part of it. Of what else is
        in it a common word is nobody.
        """
        return self._in_whole(text) or self._in_words(text, alone=True)

    def in_key(self, text: str) -> str:
        """The same of a key that is known to be about the user, such as `welcome:42`."""
        return self._in_whole(text) or self._in_words(text, alone=True, common=True)

    def in_text(self, text: str) -> str:
        """What somebody wrote, with the other name in mentions, and in ids that stand in it."""
        return self._in_words(_MENTION.sub(self._in_mention, text), alone=not self.is_word)

    def in_value(self, text: str) -> str:
        """A text of which nobody knows what it is: an id, unless there is a space in it."""
        is_text = any(map(str.isspace, text)) and not self._is_same(text)
        return self.in_text(text) if is_text else self.in_id(text)

    def names(self, text: str | None) -> bool:
        """Whether the user is named in a text, as a word of it."""
        return text is not None and self.in_id(text) != text

    def is_part_of(self, text: str) -> bool:
        """Whether the uid stands in a text between whatever is no letter and no digit, such as in
        `welcome_omar-4711`. Only who knows it can tell.
        """
        return self._as_letters is not None and self._as_letters.search(text) is not None

    def is_told_of(self, text: str | None) -> bool:
        """Whether a text that nobody needs has to go: it names the user, or holds a uid that is no
        word of a language.
        """
        if text is None:
            return False
        return self.names(text) or (not self.is_word and self.is_part_of(text))

    def _in_whole(self, text: str) -> str | None:
        """A text that is the uid, or an id with it, with the other name; None for any other."""
        if _NO_ID.search(text):
            return self.alias if self._is_same(text) else None
        found = self._renamed(text, alone=True)
        return None if found == text else found

    def _in_words(self, text: str, *, alone: bool, common: bool = False) -> str:
        if written := self._written.get(alone):
            text = written.sub(self.alias, text)

        def renamed(found: re.Match[str]) -> str:
            word = found[0]
            return self._renamed(word, alone=alone and (common or not is_common(word)))

        return _WORD.sub(renamed, text)

    def _in_mention(self, found: re.Match[str]) -> str:
        before, uid, after = found.groups()
        return f"{before}{self.alias}{after}" if self._is_same(uid) else found[0]

    def _renamed(self, word: str, *, alone: bool) -> str:
        if alone and self._is_same(word):
            return self.alias
        of_group = word.startswith(_OF_GROUP)
        place = word.find(BETWEEN)
        while place >= 0:
            one, other = word[:place], word[place + len(BETWEEN) :]
            if self._is_same(one) or (self._is_same(other) and not of_group):
                pair = (self.alias if self._is_same(each) else each for each in (one, other))
                return BETWEEN.join(sorted(pair))  # as CometChat names a conversation
            place = word.find(BETWEEN, place + 1)
        stamped = _STAMPED.fullmatch(word)
        if stamped is not None and self._is_same(stamped[1]):
            return f"{self.alias}{stamped[2]}"
        return word


def known_user(uid: str, alias: str) -> ForgottenUser:
    """A user whose uid is known."""
    return ForgottenUser(alias, uid.__eq__, is_word=may_be_a_word(uid), written=spellings(uid))


def spellings(uid: str) -> Sequence[str]:
    """The uid as it is, and as JSON, Python's errors and addresses may have it."""
    written = {uid, json.dumps(uid)[1:-1], json.dumps(uid, ensure_ascii=False)[1:-1]}
    written |= {each.replace("/", "\\/") for each in written}
    written |= {repr(uid)[1:-1], quote(uid, safe="", errors="surrogatepass")}
    return sorted(each for each in written if not _is_half(each))


def may_be_a_word(uid: str) -> bool:
    """Whether texts may hold a uid without naming anybody: `omar`, `admin` and `42` are such, and
    `user-4711` is not.
    """
    if uid.isdigit():
        return len(uid) < _SHORTEST_NUMBER
    return len(uid) < _SHORTEST or uid.isalpha()


def _patterns(written: Sequence[str]) -> dict[bool, re.Pattern[str]]:
    """What finds a uid that is no word: wherever it stands alone (True), or as a part of ids."""
    either = "(?:" + "|".join(map(re.escape, sorted(written, key=len, reverse=True))) + ")"
    before, behind = r"(?<![\w-])", r"(?![\w-])"
    as_part = f"(?<={BETWEEN}){either}{behind}|{before}{either}(?={BETWEEN}|{_STAMP})"
    alone = f"{before}{either}{behind}|{as_part}"
    return {True: re.compile(alone), False: re.compile(as_part)}


def _by_themselves(written: Sequence[str]) -> re.Pattern[str]:
    """What finds a uid wherever it does not begin, end or continue another word."""
    either = "|".join(map(re.escape, sorted(written, key=len, reverse=True)))
    return re.compile(rf"(?<![^\W_])(?:{either})(?![^\W_])")


def _is_half(text: str) -> bool:
    return any("\ud800" <= each <= "\udfff" for each in text)
