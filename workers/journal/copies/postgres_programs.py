"""PostgreSQL's own programs for copies: where they are, in which version, and how they are told
where the database is without its password in the list of processes.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from comethooks.workers.journal.copies.copy_facts import JournalCopyError
from comethooks.workers.processes import end_with_parent

_PLACES = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
)
"""Where packages put the programs of several versions, beside those on the PATH."""
_VERSION = re.compile(r"\(PostgreSQL\) (\d+)")
_ANSWER_SECONDS = 10.0
_SERVICE = "comethooks"
"""What the parameters are called in their file."""


@dataclass(frozen=True, slots=True)
class PostgresProgram:
    """A program, and the major version that it is of."""

    path: Path
    major: int


def program(name: str, least: int) -> PostgresProgram:
    """The oldest program of that name that is of the major version `least` or a newer one.

    A newer one than the server's would do, but may write what an older server does not read. Raises
    `JournalCopyError`.
    """
    found = sorted(_installed(name), key=lambda each: each.major)
    fitting = [each for each in found if each.major >= least]
    if fitting:
        return fitting[0]
    instead = f"; the one that is here is of version {found[-1].major}" if found else ""
    raise JournalCopyError(
        f"{name} of PostgreSQL {least} or newer is needed{instead}; install it (Debian: apt-get"
        f" install postgresql-client-{least})"
    )


def run(
    path: Path, arguments: list[str], where: Mapping[str, Any], folder: Path
) -> "subprocess.Popen[bytes]":
    """Start a program on the database that libpq's parameters `where` name, with the parameters in
    files of `folder` and in its environment. It ends with this process: a restore that was killed
    must not fill the database later, when it is run again or was given up.
    """
    parameters = {name: str(value) for name, value in where.items() if value is not None}
    password = parameters.pop("password", None)
    service = folder / "service"
    lines = [f"[{_SERVICE}]", *(f"{name}={value}" for name, value in parameters.items())]
    descriptor = os.open(service, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write("\n".join([*lines, ""]))
    environment = {**os.environ, "PGSERVICEFILE": str(service)}
    if password is not None:
        environment["PGPASSWORD"] = password
    words = os.open(folder / "said", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        return subprocess.Popen(
            [str(path), "--no-password", f"--dbname=service={_SERVICE}", *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=words,
            umask=0o077,
            preexec_fn=partial(end_with_parent, os.getpid()),
        )
    finally:
        os.close(words)


def said(folder: Path) -> str:
    """What the program in `folder` said last, for a person."""
    lines = (folder / "said").read_text(errors="replace").strip().splitlines()
    errors = [line for line in lines if "error" in line.lower()]
    return next(iter(errors), lines[-1] if lines else "it said nothing")


def _installed(name: str) -> Iterator[PostgresProgram]:
    on_path = shutil.which(name)
    paths = [Path(on_path)] if on_path else []
    paths += [path for place in _PLACES for path in Path("/").glob(f"{place.lstrip('/')}/{name}")]
    for path in paths:
        try:
            answer = subprocess.run(
                [path, "--version"],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_ANSWER_SECONDS,
                check=False,
            ).stdout
        except (OSError, subprocess.TimeoutExpired):
            continue
        if match := _VERSION.search(answer):
            yield PostgresProgram(path, int(match[1]))
