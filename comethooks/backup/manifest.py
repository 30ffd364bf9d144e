"""What an archive is: a tar file that begins with what it is, and ends with the sums of all that is
in it.

    comethooks-backup.json     the manifest: what was backed up, when, and by which version
    journal                    the journal: a file of SQLite, or what pg_dump wrote
    data/…                     what is kept of the data directory, by its path there
    plugins/…                  the plugin folder
    notify/… moderation/…      the files of rules, with those that they name
    settings                   the settings of then, NAME='value' lines
    comethooks-backup.sha256   the sum of each, as sha256sum writes them

What ends before the last one is no whole archive, wherever it was cut off.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from comethooks.backup.packing import BackupError
from comethooks.workers.journal import JournalCopy
from comethooks.workers.texts import plain

FORMAT = 1
MANIFEST, SUMS = "comethooks-backup.json", "comethooks-backup.sha256"
JOURNAL, SETTINGS = "journal", "settings"
DATA, PLUGINS, NOTIFY, MODERATION = "data", "plugins", "notify", "moderation"
FILES = frozenset((MANIFEST, JOURNAL, SETTINGS, SUMS))
FOLDERS = frozenset((DATA, PLUGINS, NOTIFY, MODERATION))


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What an archive says of itself. `waiting` is how many requests were accepted, and not in the
    journal yet, when it was made: by where they were; None where nobody knows.
    """

    version: str
    made_at: str
    journal: JournalCopy
    waiting: Mapping[str, int | None]
    format: int = FORMAT

    @classmethod
    def read(cls, content: bytes) -> Self:
        """The manifest in its written form. Raises `BackupError`."""
        try:
            document = json.loads(content)
            if int(document["format"]) > FORMAT:
                raise BackupError(
                    f"a newer comethooks, {plain(str(document['version']))}, made this backup;"
                    " restore it with that one"
                )
            journal = JournalCopy(**document.pop("journal"))
            return cls(**document, journal=journal)
        except (ValueError, TypeError, KeyError, AttributeError):
            raise BackupError("it is no backup of comethooks: its manifest is none") from None

    def document(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)
