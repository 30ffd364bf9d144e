"""What signs the URLs of interactions: keys as they are written, and as `comethooks up` makes and
keeps one. No output shows a secret, and no error quotes the text.
"""

import re
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from comethooks.workers.settings.paths import interaction_keys_path, write_secret

MIN_SECRET = 16
"""Characters of a secret, at least: whoever has a token could try out all shorter ones."""
_MADE_ID = "k1"
_MADE_SECRET_BYTES = 32
_ENTRY = re.compile(r"([A-Za-z0-9_-]{1,16}):([!-+\--~]+)")
"""No comma in a secret: commas separate entries."""


class InteractionKeysError(ValueError):
    """Text that does not hold keys. Its message never quotes the text."""


@dataclass(frozen=True, slots=True)
class InteractionKey:
    """A key by its `id`, which stands in every token that it signs; `repr` and `str` hide the
    secret.
    """

    id: str
    secret: bytes = field(repr=False)


def parse_interaction_keys(text: str) -> tuple[InteractionKey, ...]:
    """The keys in `id:secret` entries, separated by commas or line ends.

    Raises `InteractionKeysError`, which says what is wrong with which entry and quotes none of it.
    """
    entries = [entry.strip() for entry in re.split(r"[,\r\n]", text)]
    found = [_key(entry, number) for number, entry in enumerate(entries, 1) if entry]
    if not found:
        raise InteractionKeysError("holds no key; write id:secret")
    if len({key.id for key in found}) != len(found):
        raise InteractionKeysError("has two keys with the same id; give the new one another")
    return tuple(found)


def read_interaction_keys(data_dir: Path) -> tuple[InteractionKey, ...]:
    """The keys kept in `data_dir`; none when there is no such file.

    Raises `InteractionKeysError` when the file holds something else, and `OSError` when it cannot
    be read.
    """
    try:
        return parse_interaction_keys(interaction_keys_path(data_dir).read_text("utf-8"))
    except FileNotFoundError:
        return ()
    except UnicodeDecodeError:
        raise InteractionKeysError("is not a text file") from None


def ensure_interaction_keys(data_dir: Path) -> tuple[InteractionKey, ...]:
    """The keys kept in `data_dir`; one is made now when there is none.

    When several processes make it at once, all return the same one. Raises what
    `read_interaction_keys` raises.
    """
    if kept := read_interaction_keys(data_dir):
        return kept
    secret = secrets.token_urlsafe(_MADE_SECRET_BYTES)
    write_secret(interaction_keys_path(data_dir), f"{_MADE_ID}:{secret}\n")
    return read_interaction_keys(data_dir)


def _key(entry: str, number: int) -> InteractionKey:
    match = _ENTRY.fullmatch(entry)
    if match is None:
        raise InteractionKeysError(
            f"entry {number} is not id:secret; an id has up to 16 letters, digits, _ or -, and a"
            " secret no blanks and no comma"
        )
    if len(match[2]) < MIN_SECRET:
        raise InteractionKeysError(
            f"the secret of entry {number} has less than {MIN_SECRET} characters; `openssl rand"
            " -hex 32` makes a good one"
        )
    return InteractionKey(match[1], match[2].encode())
