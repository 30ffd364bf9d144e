"""What senders authenticate with: as it is written, and as `comethooks up` makes and keeps it."""

import os
import re
import secrets
import string
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from comethooks.workers.settings.paths import credentials_path, new_file

MADE_USER = "comethooks"
MADE_PASSWORD_LENGTH = 32
_ALPHABET = string.ascii_letters + string.digits
"""CometChat's Dashboard takes letters and digits only."""


class CredentialsError(ValueError):
    """Text that does not hold credentials. Its message never quotes the text."""


@dataclass(frozen=True, slots=True)
class Credential:
    """A user and the password that CometChat sends with it; `repr` and `str` hide the password."""

    user: str
    password: str = field(repr=False)

    @property
    def label(self) -> str:
        """What may be shown and kept of the credential: its user."""
        return self.user


def parse_credentials(text: str) -> tuple[Credential, ...]:
    """The credentials in `user:password` entries, separated by commas or line ends.

    Raises `CredentialsError`, which says what is wrong with which entry and quotes none of it.
    """
    entries = [entry.strip() for entry in re.split(r"[,\r\n]", text)]
    found = [_credential(entry, number) for number, entry in enumerate(entries, 1) if entry]
    if not found:
        raise CredentialsError("holds no credential; write user:password")
    return tuple(dict.fromkeys(found))


def read_credentials(data_dir: Path) -> tuple[Credential, ...]:
    """The credentials kept in `data_dir`; none when there is no such file.

    Raises `CredentialsError` when the file holds something else, and `OSError` when it cannot be
    read.
    """
    try:
        return parse_credentials(credentials_path(data_dir).read_text("utf-8"))
    except FileNotFoundError:
        return ()
    except UnicodeDecodeError:
        raise CredentialsError("is not a text file") from None


def ensure_credentials(data_dir: Path) -> Credential:
    """The first credential kept in `data_dir`, made now when there is none.

    The file is complete and readable by this user alone from the moment it is there. When several
    processes make it at once, all return the same credential. Raises what `read_credentials`
    raises.
    """
    if kept := read_credentials(data_dir):
        return kept[0]
    password = "".join(secrets.choice(_ALPHABET) for _ in range(MADE_PASSWORD_LENGTH))
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Unlike a rename, a link never replaces what another process made meanwhile.
    with suppress(FileExistsError), new_file(credentials_path(data_dir), os.link) as file:
        file.write(f"{MADE_USER}:{password}\n".encode())
    return read_credentials(data_dir)[0]


def _credential(entry: str, number: int) -> Credential:
    user, colon, password = entry.partition(":")
    if not (user and colon and password):
        raise CredentialsError(
            f"entry {number} is not user:password (a password cannot hold a comma: commas separate"
            " entries)"
        )
    if not entry.isprintable():
        raise CredentialsError(f"entry {number} holds a control character")
    return Credential(user, password)
