"""What lies where under the data directory.

comethooks.db           the journal, unless DATABASE_URL names another
credentials             what `comethooks up` made for CometChat to send: `user:password` lines
interaction-keys        what it made to sign the URLs of interactions with: `id:secret` lines
plugins/                plugins of one file
last-good/              the last version of each of them that could be loaded
imports/                what the import of a plugin did to its process
bookmarks/              redacted samples that `comethooks send` can send
backfills/              how far backfills have come that were not ended
settings-of-the-backup  the settings of a deployment that was restored here, to be looked up
.restoring/             what a restore is about to put in place; nothing is run meanwhile
valkey/                 the data of the embedded server
valkey/valkey.sock      where it listens
valkey/written-by.json  which server wrote them
valkey/server.log       what that server says
spool/                  what Redis could not take, until it can
metrics/                counters of the web processes, on a machine without shared memory
up.lock                 held by the one `comethooks up` that uses the directory
"""

import errno
import hashlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from comethooks.workers.settings.server_urls import is_told_in_client_list

SHARED_MEMORY = Path("/dev/shm")
"""Memory that looks like a disk."""
MAX_SOCKET_PATH = 100
"""The path of a unix socket stays below this many bytes: the kernel's limit is 104 (macOS) or 108
(Linux)."""


def database_path(data_dir: Path) -> Path:
    """The SQLite file of the journal."""
    return data_dir / "comethooks.db"


def credentials_path(data_dir: Path) -> Path:
    """The file with the credentials that `comethooks up` made."""
    return data_dir / "credentials"


def interaction_keys_path(data_dir: Path) -> Path:
    """The file with the key that `comethooks up` made for the URLs of interactions."""
    return data_dir / "interaction-keys"


def plugin_dir(data_dir: Path) -> Path:
    """The folder that plugins of one file are found in."""
    return data_dir / "plugins"


def last_good_dir(data_dir: Path) -> Path:
    """The folder with the last version that could be loaded of each plugin in the folder."""
    return data_dir / "last-good"


def imports_dir(data_dir: Path) -> Path:
    """The folder that says what the import of a plugin did to its process."""
    return data_dir / "imports"


def bookmark_dir(data_dir: Path) -> Path:
    """The folder of the bodies that somebody bookmarked, each in a file `NAME.json`."""
    return data_dir / "bookmarks"


def backfill_dir(data_dir: Path) -> Path:
    """The folder that says how far each backfill has come that did not reach its end."""
    return data_dir / "backfills"


def restoring_dir(data_dir: Path) -> Path:
    """The folder that is there from the beginning of a restore to its end."""
    return data_dir / ".restoring"


def server_dir(data_dir: Path) -> Path:
    """The folder of the embedded server."""
    return data_dir / "valkey"


def written_by_path(data_dir: Path) -> Path:
    """The file that says which server wrote the data in `server_dir`, as JSON."""
    return server_dir(data_dir) / "written-by.json"


def server_log_path(server_dir: Path) -> Path:
    """The log of the embedded server in its folder."""
    return server_dir / "server.log"


def spool_dir(data_dir: Path) -> Path:
    """The folder of the spool, unless a setting names another."""
    return data_dir / "spool"


def metrics_dir(data_dir: Path) -> Path:
    """The folder of the web processes' counters, on a machine without shared memory."""
    return data_dir / "metrics"


def lock_path(data_dir: Path) -> Path:
    """The file that `comethooks up` locks, with its process id in it."""
    return data_dir / "up.lock"


def socket_path(data_dir: Path) -> Path:
    """The unix socket of the embedded server: the same for everybody with the same `data_dir` and
    user id.

    Where the path of the data directory is too long for a socket, or holds what the server cannot
    tell of its clients, it is one in a folder of the system's temporary directory. Make that folder
    with `make_private_dir`.
    """
    path = server_dir(data_dir) / "valkey.sock"
    if len(os.fsencode(path)) < MAX_SOCKET_PATH and is_told_in_client_list(str(path)):
        return path
    digest = hashlib.blake2b(os.fsencode(os.path.realpath(data_dir)), digest_size=8).hexdigest()
    return _temporary_dir() / f"comethooks-{os.getuid()}-{digest}" / "valkey.sock"


class DataDirError(Exception):
    """The data directory cannot be made or written to. The text says what to do."""


def make_data_dir(data_dir: Path) -> None:
    """Make the data directory, and folders above it that are missing, for this user alone.

    Raises `DataDirError` when it cannot be made, or is there and cannot be written to.
    """
    try:
        for folder in reversed((data_dir, *data_dir.parents)):
            folder.mkdir(mode=0o700, exist_ok=True)
        # Not `os.access`: to root it says yes in a file system that can only be read.
        with tempfile.TemporaryFile(dir=data_dir):
            pass
    except OSError as error:
        raise DataDirError(
            f"the data directory {data_dir} cannot be written to: {error.strerror}; let this user"
            " write there, or name another in COMETHOOKS_DATA_DIR"
        ) from None


def make_private_dir(path: Path) -> None:
    """Make the folder `path`, and those above it, readable by this user alone.

    Raises `PermissionError` when it is there already and belongs to somebody else, or is a link.
    Anybody can make a folder in the temporary directory, and wait there for what we would send.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.mkdir(mode=0o700, exist_ok=True)
    if path.is_symlink() or path.stat().st_uid != os.getuid():
        raise PermissionError(f"{path} belongs to somebody else, or is a link")


@contextmanager
def new_file(path: Path, appear: Callable[[Path, Path], object]) -> Iterator[IO[bytes]]:
    """A file for this user alone, to be written. `appear` (`os.link` or `os.replace`) gives it the
    name `path` once all of it is on the disk. Raises `OSError`.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    # Not `open` and `chmod`: between the two others could read it.
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(descriptor)
        appear(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def move_file(draft: Path, target: Path) -> None:
    """Give a whole file of this user's another name, also on another disk; folders above it that
    are missing are made for this user alone. Raises `OSError`.
    """
    for folder in reversed(target.parents):
        folder.mkdir(mode=0o700, exist_ok=True)
    try:
        os.rename(draft, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        with draft.open("rb") as source, new_file(target, os.replace) as file:
            shutil.copyfileobj(source, file)
        draft.unlink()


def sync_folder(folder: Path) -> None:
    """Have what was made, renamed or removed in a folder be so after a power cut, too."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_secret(path: Path, text: str) -> None:
    """Write `text` to a file that this user alone may read, unless there is one already.

    The file is complete from the moment it is there, and when several processes write it at once,
    the first one's stays. Raises `OSError`.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Unlike a rename, a link never replaces what another process made meanwhile.
    with suppress(FileExistsError), new_file(path, os.link) as file:
        file.write(text.encode())


def scratch_dir() -> Path:
    """A folder for what lasts no longer than a process. A container whose root is read-only may
    have no temporary directory, but it has shared memory.
    """
    try:
        return Path(tempfile.gettempdir())
    except FileNotFoundError:
        return SHARED_MEMORY


def _temporary_dir() -> Path:
    """`/tmp` where there is one: TMPDIR is not the same in every terminal, service and job."""
    shared = Path("/tmp")
    return shared if os.access(shared, os.W_OK | os.X_OK) else Path(tempfile.gettempdir())
