"""What a test asks to be delivered: a sample of a trigger, a bookmark, or a body of its own."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from comethooks import schemas
from comethooks.files.bookmarks import bookmarked, bookmarks
from comethooks.samples.fields import Fields
from comethooks.testing.bodies import Wanted, made, put
from comethooks.testing.errors import HarnessError, guess
from comethooks.workers.settings.paths import CredentialsError, bookmark_dir
from comethooks.workers.settings.settings import Settings, SettingsError
from comethooks.workers.texts import dumps

Make = Callable[[int], bytes]
"""Makes a body that happens at this time, in milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a test names, one of trigger, bookmark and body, and what it says about it."""

    trigger: str | None
    bookmark: str | Path | None
    body: Mapping[str, Any] | bytes | None
    changes: Mapping[str, Any] | None
    variant: str | None
    legacy: bool
    fields: Fields

    def maker(self, random: Random) -> Make:
        """What makes the body. Raises `HarnessError` when it is asked for wrongly."""
        ways = {"a trigger": self.trigger, "bookmark=…": self.bookmark, "body=…": self.body}
        named = [way for way, value in ways.items() if value is not None]
        if not named:
            raise HarnessError(
                'say what to deliver: a trigger, such as "message_sent", a bookmark="…" or a'
                " body={…}"
            )
        if len(named) > 1:
            raise HarnessError(
                f"{' and '.join(named)} both say what to deliver: leave one of them out"
            )
        if self.trigger is not None:
            wanted = Wanted(self.trigger, self.fields, self.variant, self.legacy, self.changes)
            return lambda now: dumps(made(wanted, now_ms=now, random=random))
        self._refuse_what_is_for_samples(named[0])
        if self.bookmark is not None:
            file = _file_of(self.bookmark)
            return lambda now: _changed(_moved(file, now), self.changes)
        body = _own(self.body)
        return lambda now: _changed(body, self.changes)

    @property
    def is_made_up(self) -> bool:
        """Whether it can be made to happen at any time."""
        return self.body is None

    def _refuse_what_is_for_samples(self, way: str) -> None:
        given = [*self.fields, *(["variant"] if self.variant is not None else [])]
        given += ["legacy"] if self.legacy else []
        if given:
            raise HarnessError(
                f"{way} says all of it: leave {', '.join(given)} out, or use set={{…}}"
            )


def _own(body: Any) -> bytes:
    if isinstance(body, bytes):
        return body
    if isinstance(body, Mapping):
        return dumps(body)
    if isinstance(body, os.PathLike):
        raise HarnessError(
            "a body is an object or bytes; for the file of a bookmark write bookmark=Path(…)"
        )
    raise HarnessError(f"a body is an object or bytes, and this is of type {type(body).__name__}")


def _file_of(bookmark: str | Path) -> Path:
    """The file itself, or that of this name where `comethooks send` looks for it."""
    if isinstance(bookmark, Path):
        return bookmark
    try:
        folder = bookmark_dir(Settings.load().data_dir)
    except (SettingsError, CredentialsError) as error:
        raise HarnessError(f"where bookmarks are: {error}") from None
    known = bookmarks(folder)
    if bookmark not in known:
        raise HarnessError(f"there is no bookmark {bookmark!r} in {folder}{guess(bookmark, known)}")
    return known[bookmark]


def _moved(file: Path, now: int) -> bytes:
    try:
        return bookmarked(file, now)
    except OSError as error:
        raise HarnessError(f"the bookmark {file} cannot be read: {error.strerror}") from None


def _changed(body: bytes, changes: Mapping[str, Any] | None) -> bytes:
    if not changes:
        return body
    changed = schemas.decode(body)
    for path, value in changes.items():
        put(changed, path, value)
    return dumps(changed)
