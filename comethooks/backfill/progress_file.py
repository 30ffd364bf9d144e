"""How far a backfill has come: a file of its own, as bookmarks are, until it has reached its end.

It is written before a page is, with the ids of what the page brings, and names the page to ask for:
whoever is killed after that asks for the same page again, finds some of it there, and knows by
these ids that it has brought that itself.
"""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson

from comethooks.workers.analytics.sizes import DAY_MS
from comethooks.workers.cometchat.message_pages import FROM, Border
from comethooks.workers.settings.paths import new_file

KEPT_MS = DAY_MS
"""So long one is gone on with. After that messages may have been changed which it has passed."""
LATER_MS = 3600 * 1000
"""By so much the same command may mean a later time, since `--since 2h` counts from now."""


@dataclass(frozen=True, slots=True)
class MessageRange:
    """Which messages are wanted: of an app, from `since` to before `until` (ms), and if they are of
    a conversation, or by a user.
    """

    app_id: str
    since: int
    until: int
    conversation_id: str | None = None
    sender: str | None = None


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of the messages so far. Times are milliseconds, of what came by when it was
    received.
    """

    fetched: int = 0
    others: int = 0
    """How many are not of the conversation, or by the user."""
    came: int = 0
    """How many events were missing."""
    there: int = 0
    left_out: Mapping[str, int] = field(default_factory=dict)
    """How many messages are no event, by kind."""
    unusable: int = 0
    """How many rows lack an id or sentAt."""
    first_at: int | None = None
    last_at: int | None = None


@dataclass(frozen=True, slots=True)
class BackfillProgress:
    """Where a backfill is. `pending` are the ids of what the next page was about to bring."""

    wanted: MessageRange
    at: int
    """When this was written (ms)."""
    border: Border | None = None
    tally: Tally = Tally()
    overfull: int = 0
    pending: frozenset[str] = frozenset()


class ProgressFile:
    """The file of a backfill in `folder`: one for an app, a conversation and a user."""

    def __init__(self, folder: Path, wanted: MessageRange) -> None:
        about = repr((wanted.app_id, wanted.conversation_id, wanted.sender))
        self._path = folder / f"{hashlib.sha256(about.encode()).hexdigest()[:16]}.json"
        self._wanted = wanted

    def read(self, now: int) -> BackfillProgress:
        """Where to begin: where an earlier one was ended that began no later than this one is to,
        and had come that far.
        """
        wanted = self._wanted
        try:
            found = _read(self._path.read_bytes())
            reached = 1000 * int(found.border.asked[FROM]) if found.border else -1
        except (OSError, ValueError, KeyError, TypeError):
            return BackfillProgress(wanted, now)
        is_recent = 0 <= now - found.at < KEPT_MS
        begins = found.wanted.since <= wanted.since <= reached + LATER_MS
        covers = begins and found.wanted.until <= wanted.until
        if is_recent and covers:
            return replace(found, wanted=replace(found.wanted, until=wanted.until))
        return BackfillProgress(wanted, now)

    def write(self, progress: BackfillProgress) -> None:
        """Keep where it is. Raises `OSError`."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with new_file(self._path, os.replace) as file:
            file.write(orjson.dumps(_written(progress)))

    def forget(self) -> None:
        """It has reached its end. Raises `OSError`."""
        self._path.unlink(missing_ok=True)


def _written(progress: BackfillProgress) -> dict[str, Any]:
    border = progress.border
    return {
        **asdict(replace(progress, border=None, pending=frozenset())),
        "border": border and {"asked": dict(border.asked), "known": sorted(border.known)},
        "pending": sorted(progress.pending),
    }


def _read(text: bytes) -> BackfillProgress:
    found = orjson.loads(text)
    border = found["border"]
    return BackfillProgress(
        wanted=MessageRange(**found["wanted"]),
        at=int(found["at"]),
        border=border and Border(border["asked"], frozenset(border["known"])),
        tally=Tally(**found["tally"]),
        overfull=int(found["overfull"]),
        pending=frozenset(found["pending"]),
    )
