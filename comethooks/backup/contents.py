"""What a deployment keeps in files that are to be backed up, and where each goes when it is
restored.

Left out is what is made again: the last good versions of plugins, what their imports did, counters,
and the data of the embedded server, which is a copy of nothing: what waits in it is on its way into
the journal.
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from comethooks.backup.manifest import DATA, MODERATION, NOTIFY, PLUGINS, SETTINGS
from comethooks.backup.reading import is_backup
from comethooks.workers.moderation import rules_file
from comethooks.workers.notify import notify_file
from comethooks.workers.plugins.files import files_below
from comethooks.workers.settings import paths
from comethooks.workers.settings.names import NAMES
from comethooks.workers.settings.settings import Settings
from comethooks.workers.settings.variables import read_variables

_PREFIXES = ("COMETHOOKS_", "COMETCHAT_")
_SETTINGS = {NOTIFY: NAMES["notify_file"], MODERATION: NAMES["moderation_rules"]}
SETTINGS_FILE = "settings-of-the-backup"
"""What the settings of then are called in the data directory."""


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file of a deployment, and its name in an archive."""

    path: Path
    name: str

    @property
    def can_be_kept(self) -> bool:
        """Whether it is an ordinary file, of a name that can be written in a line and leads to no
        other folder.
        """
        return self.path.is_file() and self.name.isprintable() and ".." not in self.name.split("/")


def kept_files(settings: Settings) -> Iterator[KeptFile]:
    """Every file that a backup has beside the journal. One may not be there any more."""
    folder = settings.data_dir
    for path in (paths.credentials_path(folder), paths.interaction_keys_path(folder)):
        if path.exists():
            yield KeptFile(path, f"{DATA}/{path.name}")
    for below in (paths.bookmark_dir(folder), paths.backfill_dir(folder)):
        for path in sorted(files_below(below)):
            yield KeptFile(path, f"{DATA}/{path.relative_to(folder)}")
    for path in sorted(files_below(settings.plugin_dir)):
        if is_backup(path):
            continue  # or each would hold all that were made before it
        yield KeptFile(path, f"{PLUGINS}/{path.relative_to(settings.plugin_dir)}")
    if settings.notify_file is not None:
        yield from _with_named(NOTIFY, notify_file.files_of(settings.notify_file))
    if settings.moderation_rules is not None:
        yield from _with_named(MODERATION, rules_file.files_of(settings.moderation_rules))


def _with_named(folder: str, files: tuple[Path, ...]) -> Iterator[KeptFile]:
    """A file, and those that it names, which are found from where it is."""
    first, *others = files
    yield KeptFile(first, f"{folder}/{first.name}")
    for path in dict.fromkeys(others):
        yield KeptFile(path, f"{folder}/{os.path.relpath(path, first.parent)}")


def settings_lines(settings: Settings) -> str:
    """The settings that are given, those of plugins too, each as `NAME='value'`."""
    given, _ = read_variables(settings.environ, NAMES.values())
    files = {f"{name}_FILE" for name in given}
    more = {
        name: value
        for name, value in settings.environ.items()
        if name.startswith(_PREFIXES) and name not in files and value.strip()
    }
    return "".join(
        f"{name}={_quoted(value)}\n" for name, value in sorted({**more, **given}.items())
    )


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


@dataclass(frozen=True, slots=True)
class Places:
    """Where the files of an archive go with these settings."""

    settings: Settings

    def of(self, name: str) -> Path:
        """The path of the file that is called so in an archive."""
        if name == SETTINGS:
            return self.settings.data_dir / SETTINGS_FILE
        folder, _, path = name.partition("/")
        return self._folder(folder) / path

    def to_set(self, names: Iterable[str]) -> Iterator[str]:
        """Settings that have to be set for what is called so in an archive to be used, each as
        `NAME=value`.
        """
        given = {NOTIFY: self.settings.notify_file, MODERATION: self.settings.moderation_rules}
        seen = set()
        for name in names:
            folder = name.partition("/")[0]
            # The first of each is the file itself; others are named in it.
            if folder in given and folder not in seen and given[folder] != self.of(name):
                yield f"{_SETTINGS[folder]}={self.of(name)}"
            seen.add(folder)

    def _folder(self, name: str) -> Path:
        data_dir = self.settings.data_dir
        notify, moderation = self.settings.notify_file, self.settings.moderation_rules
        return {
            DATA: data_dir,
            PLUGINS: self.settings.plugin_dir,
            NOTIFY: notify.parent if notify else data_dir / NOTIFY,
            MODERATION: moderation.parent if moderation else data_dir / MODERATION,
        }[name]
