"""What senders authenticate with: as it is written, and as `comethooks up` makes and keeps it."""

import re
import secrets
import string
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from comethooks.workers.settings.paths import credentials_path, write_secret

MADE_USER = "comethooks"
MADE_PASSWORD_LENGTH = 32
_ALPHABET = string.ascii_letters + string.digits
"""CometChat's Dashboard takes letters and digits only."""


class CredentialsError(ValueError):
    """Text that does not hold credentials. Its message never quotes the text."""


class NoCredentialsError(RuntimeError):
    """There are no credentials for senders, so nobody could be told from anybody."""

    def __init__(self) -> None:
        super().__init__(
            "no credentials: whoever finds the URL could send events. Set "
            "COMETHOOKS_BASIC_AUTH=user:password (letters and digits) and enter the same in "
            "CometChat's Dashboard under Settings → Webhooks, "
            "or run `comethooks up`, which makes its own."
        )


@dataclass(frozen=True, slots=True)
class Credential:
    """A user and the password that CometChat sends with it; `repr` and `str` hide the password."""

    user: str
    password: str = field(repr=False)

    @property
    def label(self) -> str:
        """What may be shown and kept of the credential: its user."""
        return self.user


def require_credentials(credentials: Sequence[Credential]) -> None:
    """Raise `NoCredentialsError` when there are none."""
    if not credentials:
        raise NoCredentialsError


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
    write_secret(credentials_path(data_dir), f"{MADE_USER}:{password}\n")
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
