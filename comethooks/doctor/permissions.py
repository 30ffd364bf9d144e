"""Files that others on this machine may change or read: code that we run, and secrets."""

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from comethooks.doctor.finding import Finding, Level
from comethooks.workers.journal import sqlite_file
from comethooks.workers.plugins.files import files_below
from comethooks.workers.settings import paths
from comethooks.workers.settings.env_file import ENV_FILE
from comethooks.workers.settings.settings import Settings
from comethooks.workers.texts import few, plain

CHECK = "files.permissions"
_NAMED = 3


def check_permissions(settings: Settings) -> Iterator[Finding]:
    """What others may change, of all that decides what is done here; and what they may read, of
    what is secret.
    """
    code = [settings.plugin_dir, *files_below(settings.plugin_dir)]
    # Settings name the plugins and programs that are run, so whoever writes them decides that, too.
    code += [paths.last_good_dir(settings.data_dir), ENV_FILE, *settings_files(settings)]
    secret = [
        paths.credentials_path(settings.data_dir),
        paths.interaction_keys_path(settings.data_dir),
        ENV_FILE,
        *([file] if (file := sqlite_file(settings.database_url)) else ()),
    ]
    changeable = sorted({place for path in code for place in _changeable(path)})
    readable = [path for path in secret if _is_readable(path)]
    if changeable:
        yield Finding(
            CHECK,
            Level.WARNING,
            f"others may change what is run here: {_named(changeable)}",
            "whoever can write there runs code as this user: chmod go-w, and let it belong to this"
            " user or root",
        )
    if readable:
        yield Finding(
            CHECK, Level.WARNING, f"others may read secrets: {_named(readable)}", "chmod 600"
        )
    if not changeable and not readable:
        yield Finding(CHECK, Level.OK, "plugins and secrets are for this user alone")


def settings_files(settings: Settings) -> Iterator[Path]:
    """The files that say what plugins of ours do, where settings name some."""
    yield from (each for each in (settings.notify_file, settings.moderation_rules) if each)


def _changeable(path: Path) -> Iterator[Path]:
    """What others may change of a path: itself, or a folder on the way to it."""
    real = Path(os.path.realpath(path))
    below = False
    for place in (real, *real.parents):
        try:
            status = place.stat()
        except OSError:
            continue
        # In a folder with the sticky bit, as /tmp is, nobody can replace what is another's; what is
        # not there, anybody can make.
        is_safe = below and status.st_mode & stat.S_ISVTX
        if status.st_uid not in (os.getuid(), 0) or (_may_write(status) and not is_safe):
            yield place
        below = True


def _may_write(status: os.stat_result) -> bool:
    # A group of one's own, which most systems make for each user, is nobody else.
    of_group = status.st_mode & stat.S_IWGRP and status.st_gid not in (os.getgid(), 0)
    return bool(of_group or status.st_mode & stat.S_IWOTH)


def _is_readable(path: Path) -> bool:
    """Whether anybody may read a file, and get to it."""
    real = Path(os.path.realpath(path))
    try:
        return bool(real.stat().st_mode & stat.S_IROTH) and all(
            folder.stat().st_mode & stat.S_IXOTH for folder in real.parents
        )
    except OSError:
        return False


def _named(places: Iterable[Path]) -> str:
    return few([plain(str(place), "") for place in places], _NAMED)
