"""What files keep of a user: those under the data directory, whoever wrote them."""

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_CHUNK = 2**20
_BETWEEN = b"_user_"
_BEFORE = len(_BETWEEN)
_NO_LETTER, _NO_LETTER_BEHIND = rb"(?<![A-Za-z0-9_-])", rb"(?![A-Za-z0-9_-])"
_QUOTE, _QUOTE_BEHIND = rb"(?<=[\":])", rb"(?=[\">])"


@dataclass(frozen=True, slots=True)
class FileLeft:
    """A file that holds the uid so often, `as_word` of it standing by itself."""

    path: Path
    times: int
    as_word: int


def files_with(folder: Path, needles: Sequence[bytes], *, is_word: bool) -> Iterator[FileLeft]:
    """The files below a folder that hold one of `needles`, the spellings of a uid. One that may be
    a word of a language stands for the user in quotes, in a mention or in a conversation's id.
    """
    for directory, _, names in os.walk(folder):
        for name in sorted(names):
            path = Path(directory, name)
            with suppress(OSError):  # gone since, or a socket
                if path.is_file() and not path.is_symlink():
                    found = _times(path, needles, is_word)
                    if found.times:
                        yield found


def _times(path: Path, needles: Sequence[bytes], is_word: bool) -> FileLeft:
    """How often a file holds them; in pieces that overlap, since it may be large."""
    anywhere, word = _patterns(needles, is_word)
    overlap = 2 * max(map(len, needles)) + len(_BETWEEN) + 1
    times = as_word = 0
    rest, begin = b"", 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            whole = rest + chunk
            end = len(whole) - overlap if len(chunk) == _CHUNK else len(whole)
            times += sum(begin <= each.start() < end for each in anywhere.finditer(whole))
            as_word += sum(begin <= each.start() < end for each in word.finditer(whole))
            # With what stands before it, which says whether it is part of another word.
            begin = min(end, _BEFORE)
            rest = whole[end - begin :]
    return FileLeft(path, times, as_word)


def _patterns(
    needles: Sequence[bytes], is_word: bool
) -> tuple[re.Pattern[bytes], re.Pattern[bytes]]:
    either = b"(?:" + b"|".join(map(re.escape, sorted(needles, key=len, reverse=True))) + b")"
    before, after = (_QUOTE, _QUOTE_BEHIND) if is_word else (_NO_LETTER, _NO_LETTER_BEHIND)
    parts = (
        before + either + after,
        b"(?<=" + _BETWEEN + b")" + either + _NO_LETTER_BEHIND,
        _NO_LETTER + either + b"(?=" + _BETWEEN + b")",
    )
    return re.compile(either), re.compile(b"|".join(parts))
