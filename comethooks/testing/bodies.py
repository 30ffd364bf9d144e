"""What a test wants to be delivered: a sample of a trigger, a bookmark, or a body of its own."""

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from comethooks import samples, schemas
from comethooks.files.bookmarks import bookmarked, bookmarks
from comethooks.samples.fields import FieldError, Fields, with_fields
from comethooks.samples.making import template_of
from comethooks.schemas import TRIGGERS, DecisionAction
from comethooks.testing.errors import HarnessError, guess
from comethooks.workers.settings.paths import bookmark_dir
from comethooks.workers.settings.settings import Settings, SettingsError
from comethooks.workers.texts import dumps

Make = Callable[[int], bytes]
"""Makes a body that happens at this time, in milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedBody:
    """What a test names, one of trigger, bookmark and body, and what it says about it.

    `changes` are values by dotted path. All methods raise `HarnessError`.
    """

    trigger: str | None
    bookmark: str | Path | None
    body: Mapping[str, Any] | bytes | None
    changes: Mapping[str, Any] | None
    variant: str | None
    legacy: bool = False
    fields: Fields

    def maker(self, random: Random) -> Make:
        """What makes the body, again and again."""
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
            trigger = self.trigger
            self._check_sample(trigger)
            return lambda now: self._sample(trigger, now, random)
        self._refuse_what_is_for_samples(named[0])
        if self.bookmark is not None:
            file = _file_of(self.bookmark)
            return lambda now: self._changed(_moved(file, now))
        body = _own(self.body)
        return lambda now: self._changed(body)

    @property
    def is_made_up(self) -> bool:
        """Whether it can be made to happen at any time."""
        return self.body is None

    def _sample(self, trigger: str, now: int, random: Random) -> bytes:
        template = template_of(trigger, self.variant, legacy=self.legacy)
        try:
            body = with_fields(template, self.fields, now_ms=now, random=random)
        except FieldError as error:
            raise HarnessError(f"{error}: {error.remedy()}, or use set={{…}}") from None
        return self._changed(dumps(body))

    def _changed(self, body: bytes) -> bytes:
        if not self.changes:
            return body
        changed = schemas.decode(body)
        for path, value in self.changes.items():
            try:
                samples.put(changed, path, value)
            except ValueError as error:
                raise HarnessError(f"set={{{path!r}: …}}: {error}") from None
        return dumps(changed)

    def _check_sample(self, trigger: str) -> None:
        known = samples.table(legacy=self.legacy)
        if trigger not in known:
            raise HarnessError(_no_sample(trigger, known, legacy=self.legacy))
        variants = known[trigger]
        if self.variant is not None and self.variant not in variants:
            raise HarnessError(
                f"{trigger} has no variant {self.variant!r}{guess(self.variant, variants)}"
                f" Variants: {', '.join(variants)}"
            )
        names = Fields.__annotations__
        for name in self.fields:
            if name not in names:
                raise HarnessError(
                    f"an event has no {name!r}{guess(name, names)} It has: {', '.join(names)};"
                    ' write anything else as set={"data.message.data.text": "…"}'
                )

    def _refuse_what_is_for_samples(self, way: str) -> None:
        given = [*self.fields, *(["variant"] if self.variant is not None else [])]
        given += ["legacy"] if self.legacy else []
        if given:
            raise HarnessError(
                f"{way} says all of it: leave {', '.join(given)} out, or use set={{…}}"
            )


def _no_sample(trigger: str, known: Iterable[str], *, legacy: bool) -> str:
    meant = [
        entry.name
        for entry in TRIGGERS.values()
        if entry.canonical == trigger and entry.name in known
    ]
    hint = (
        f"; that is the canonical name of {', '.join(meant)}." if meant else guess(trigger, known)
    )
    generation = "legacy sample" if legacy else "sample"
    return (
        f"there is no {generation} of {trigger!r}{hint}"
        ' In place of it, write bookmark="…" for a bookmark and body={…} for a body of your own.'
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
    except SettingsError as error:
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


def decision_named(name: str | None) -> DecisionAction | None:
    """The decision of that name. Raises `HarnessError` when there is none."""
    if name is None:
        return None
    try:
        return DecisionAction(name)
    except ValueError:
        known = ", ".join(DecisionAction)
        raise HarnessError(f"decision={name!r}: there are {known}") from None
