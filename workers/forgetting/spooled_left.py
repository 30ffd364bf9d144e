"""What the spool of this host, and files of ours that hold events, keep of a user."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from comethooks.schemas.forgetting import forgotten
from comethooks.schemas.forgotten_user import ForgottenUser
from comethooks.workers.journal import names_user, record_without
from comethooks.workers.settings.paths import backfill_dir, bookmark_dir, new_file
from comethooks.workers.spool.spool import Spool
from comethooks.workers.spool.spooled import Spooled
from comethooks.workers.texts import dumps


def forget_in_spool(spool: Spool, user: ForgottenUser, app_id: str) -> int:
    """Forget the user in what waits in the spool; how many requests that were. Raises
    `SpoolFailedError`.
    """

    def without(spooled: Spooled) -> Spooled:
        record = spooled.record
        if record.app_id not in (None, app_id):
            return spooled
        details = spooled.details
        if user.names(details.decode("utf-8", "replace")):
            details = b""  # a repeat is answered without what the decision said
        changed = record_without(record, user)
        same = changed is record and details == spooled.details
        return spooled if same else replace(spooled, record=changed, details=details)

    return spool.rewrite(without)


def count_in_spool(spool: Spool, user: ForgottenUser, app_id: str) -> int:
    """How many requests in the spool have to do with the user."""
    return sum(
        1
        for spooled in spool.entries()
        if spooled.record.app_id in (None, app_id) and names_user(spooled.record, user)
    )


def forget_in_files(data_dir: Path, user: ForgottenUser, app_id: str) -> int:
    """Forget the user of an app in bookmarks, and in how far backfills have come; how many files
    that were. Raises `OSError`.
    """
    return sum(_rewritten(path, user, app_id) for path in _files(data_dir))


def _files(data_dir: Path) -> Iterator[Path]:
    for folder in (bookmark_dir(data_dir), backfill_dir(data_dir)):
        yield from (path for path in sorted(folder.glob("*")) if path.is_file())


def _rewritten(path: Path, user: ForgottenUser, app_id: str) -> bool:
    raw = path.read_bytes()
    try:
        document: Any = orjson.loads(raw)
        if not isinstance(document, dict) or _app_of(document) not in (None, app_id):
            return False
        changed = forgotten(document, user, by_user=False)
    except (orjson.JSONDecodeError, RecursionError):
        return False
    if changed == document:
        return False
    with new_file(path, os.replace) as file:
        file.write(dumps(changed))
    return True


def _app_of(document: dict[str, Any]) -> Any:
    """The app that a bookmark is of, or that a backfill asks for."""
    wanted = document.get("wanted")
    return wanted.get("app_id") if isinstance(wanted, dict) else document.get("appId")
