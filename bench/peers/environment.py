"""The peers' own virtual environments, made once from `requirements`, and their processes."""

import hashlib
import os
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).parent
PROGRAMS = HERE / "programs"
ENVIRONMENTS = HERE.parent.parent / ".venv-peers"
QUEUES, ARQ = "queues", "arq"
"""The environments: not all peers agree on a version of redis-py."""

CREDENTIALS = "scenario:Passw0rdOfTheScenario"
"""Those of `tests.scenarios.stack`: all take the same requests."""


def make() -> None:
    """Make the environments, unless they are there and as `requirements` says."""
    for name in (QUEUES, ARQ):
        requirements = HERE / "requirements" / f"{name}.txt"
        wanted = hashlib.sha256(requirements.read_bytes()).hexdigest()
        folder = ENVIRONMENTS / name
        stamp = folder / "made-from"
        if stamp.exists() and stamp.read_text() == wanted:
            continue
        print(f"making {ENVIRONMENTS.name}/{name}, once", file=sys.stderr)
        venv.create(folder, clear=True, with_pip=True)
        pip = folder / "bin" / "python", "-m", "pip", "--disable-pip-version-check"
        subprocess.run([*pip, "install", "-qq", "--requirement", requirements], check=True)
        stamp.write_text(wanted)


def start(
    environment: str, command: Sequence[str], socket: Path, log: Path
) -> subprocess.Popen[bytes]:
    """Start a peer's process, in a session of its own; what it prints goes to `log`.

    `socket` is that of its Redis.
    """
    programs = ENVIRONMENTS / environment / "bin"
    kept = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    own = {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "PYTHONPATH": str(PROGRAMS),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PEER_SOCKET": str(socket),
        "PEER_CREDENTIALS": CREDENTIALS,
    }
    with log.open("ab") as output:
        return subprocess.Popen(
            [str(programs / command[0]), *command[1:]],
            env={**kept, **own},
            cwd=PROGRAMS,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
