"""Servers that the tests start for themselves, private and in a directory of their own."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg


class ServerMissingError(Exception):
    """A server's program is not installed, or cannot be run here; the text says which and why."""


@contextmanager
def postgres() -> Iterator[str]:
    """A PostgreSQL of its own on a unix socket, as the URL of its empty database, until the block is left.

    Raises `ServerMissingError` without its programs, or as root when there is no user that may run it.
    """
    programs, user = _postgres_programs(), _unprivileged_user("postgres")
    directory = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    data = directory / "data"

    def run(program: str, *arguments: str) -> None:
        done = subprocess.run(
            [programs / program, *arguments], user=user, cwd=directory, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr

    if user is not None:
        shutil.chown(directory, user)
    try:
        initdb = ("--auth=trust", "--username=comethooks", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")
        run("initdb", "--pgdata", str(data), *initdb)
        options = f"-k {directory} -c listen_addresses='' -c fsync=off -c timezone=America/St_Johns"
        run("pg_ctl", "start", "-w", "-D", str(data), "-l", str(directory / "log"), "-o", options)
        try:
            yield f"postgresql://comethooks@/postgres?host={directory}"
        finally:
            run("pg_ctl", "stop", "-w", "-D", str(data), "-m", "immediate")
    finally:
        shutil.rmtree(directory)


@contextmanager
def postgres_schema(server: str) -> Iterator[str]:
    """A URL of the server at the URL `server` under which nothing is there yet, until the block is left.

    It is a schema of its own that comes first in the search path: a new database costs a hundred times as much.
    """
    name = f"test_{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}")
        yield f"{server}&options=-csearch_path%3D{name}"
        connection.execute(f"DROP SCHEMA {name} CASCADE")


def _postgres_programs() -> Path:
    """The folder with `initdb` and `pg_ctl`, which Debian keeps off the PATH, of the newest version."""
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).parent
    versions = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = max(versions, key=lambda program: float(program.parts[-3]), default=None)
    if newest is None:
        raise ServerMissingError(
            "no initdb: PostgreSQL is not installed (Debian: apt-get install postgresql)"
        )
    return newest.parent


def _unprivileged_user(name: str) -> str | None:
    """Who to run a server as that refuses to be run by root; None is oneself."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(name).pw_name
    except KeyError:
        raise ServerMissingError(
            f"root may not run the server, and there is no user {name!r} who could"
        ) from None
