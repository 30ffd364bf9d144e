"""Servers that the tests start for themselves, private and in a directory of their own."""

import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg

from comethooks.workers.processes import is_alive
from tests.folders import server_folder
from tests.waiting import wait_for


class ServerMissingError(Exception):
    """A server's program is not installed, or cannot be run here; the text says which and why."""


class PostgresServer:
    """One server on a unix socket, in a directory of its own; not started yet."""

    def __init__(self, directory: Path, programs: Path, user: str | None) -> None:
        self.url = f"postgresql://comethooks@/postgres?host={directory}"
        self.directory = directory
        self._data = directory / "data"
        self._programs = programs
        self._user = user

    def initialize(self) -> None:
        """Make its empty database."""
        options = (
            "--auth=trust",
            "--username=comethooks",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        )
        self._run("initdb", "--pgdata", str(self._data), *options)

    def start(self) -> None:
        """Start it, and return once it answers."""
        socket = f"-k {self.directory} -c listen_addresses=''"
        options = f"{socket} -c fsync=off -c timezone=America/St_Johns"
        log = str(self.directory / "log")
        self._run("pg_ctl", "start", "-w", "-D", str(self._data), "-l", log, "-o", options)

    def copy_of(self, primary: "PostgresServer") -> None:
        """Make its database that of a running server, which it follows once it is started."""
        self._run("pg_basebackup", "-h", str(primary.directory), "-U", "comethooks", "-R",
            "-X", "stream", "-c", "fast", "--no-sync", "-D", str(self._data))  # fmt: skip

    def promote(self) -> None:
        """Follow nobody any more, and take writes."""
        self._run("pg_ctl", "promote", "-w", "-D", str(self._data))

    def stop(self) -> None:
        """End it, with all connections, without a checkpoint, if it runs."""
        if (self._data / "postmaster.pid").exists() and is_alive(self.pid):
            self._run("pg_ctl", "stop", "-w", "-D", str(self._data), "-m", "immediate")

    def kill(self) -> None:
        """End its first process at once, as the kernel would; return once the others have
        noticed.
        """
        first, *others = self._processes()
        os.kill(first, signal.SIGKILL)
        wait_for(
            lambda: not any(is_alive(pid) for pid in others), "PostgreSQL's processes have ended"
        )
        # The next one would take it for alive until somebody has waited for it.
        wait_for(
            lambda: not Path(f"/proc/{first}").exists(),
            "nothing is left of PostgreSQL's first process",
        )

    def freeze(self) -> None:
        """Stop it without ending it: connections stay, answers do not come."""
        for pid in self._processes():
            os.kill(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        for pid in self._processes():
            os.kill(pid, signal.SIGCONT)

    @property
    def pid(self) -> int:
        """Its first process."""
        return int((self._data / "postmaster.pid").read_text().split("\n")[0])

    def _processes(self) -> list[int]:
        """Its first process and the children of that."""
        first = self.pid
        threads = Path(f"/proc/{first}/task").glob("*/children")
        return [first, *(int(pid) for file in threads for pid in file.read_text().split())]

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [self._programs / program, *arguments],
            user=self._user,
            cwd=self.directory,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr


@contextmanager
def running_postgres(*, on_disk: bool = False) -> Iterator[PostgresServer]:
    """A PostgreSQL of its own with an empty database, until the block is left; in memory unless it
    has to be on a disk.

    Raises `ServerMissingError` without its programs, or as root when there is no user that may run
    it.
    """
    programs, user = _postgres_programs(), _unprivileged_user("postgres")
    with server_folder("pg-", on_disk=on_disk) as directory:
        if user is not None:
            shutil.chown(directory, user)
        server = PostgresServer(directory, programs, user)
        server.initialize()
        server.start()
        try:
            yield server
        finally:
            server.stop()


@contextmanager
def running_standby(primary: PostgresServer) -> Iterator[PostgresServer]:
    """A standby of a running server, until the block is left. From now on, the primary waits for it
    with every commit.
    """
    programs, user = _postgres_programs(), _unprivileged_user("postgres")
    with server_folder("pg-") as directory:
        if user is not None:
            shutil.chown(directory, user)
        standby = PostgresServer(directory, programs, user)
        standby.copy_of(primary)
        standby.start()
        try:
            with psycopg.connect(primary.url, autocommit=True) as connection:
                connection.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
                connection.execute("SELECT pg_reload_conf()")
            yield standby
        finally:
            standby.stop()


@contextmanager
def postgres() -> Iterator[str]:
    """The URL of the empty database of a PostgreSQL of its own, until the block is left.

    Raises `ServerMissingError` without its programs, or as root when there is no user that may run
    it.
    """
    with running_postgres() as server:
        yield server.url


@contextmanager
def postgres_schema(server: str) -> Iterator[str]:
    """A URL of the server at the URL `server` under which nothing is there yet, until the block is
    left.

    It is a schema of its own that comes first in the search path: a new database costs a hundred
    times as much.
    """
    name = f"test_{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}")
        yield f"{server}&options=-csearch_path%3D{name}"
        connection.execute(f"DROP SCHEMA {name} CASCADE")


def _postgres_programs() -> Path:
    """The folder with `initdb` and `pg_ctl`, which Debian keeps off the PATH, of the newest
    version.
    """
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
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


@contextmanager
def pool_in_transaction_mode(server: PostgresServer) -> Iterator[str]:
    """The URL of a PgBouncer before `server`, until the block is left. It gives a connection to the
    server away after each transaction, and has two of them.

    Raises `ServerMissingError` without its program.
    """
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        raise ServerMissingError("no pgbouncer (Debian: apt-get install pgbouncer)")
    user = _unprivileged_user("postgres")
    with server_folder("pool-") as directory:
        (directory / "users").write_text('"comethooks" ""\n')
        (directory / "ini").write_text(
            "[databases]\n"
            f"postgres = host={server.directory} user=comethooks\n"
            "[pgbouncer]\n"
            f"unix_socket_dir = {directory}\n"
            "listen_port = 6432\n"
            f"auth_type = trust\nauth_file = {directory}/users\n"
            "pool_mode = transaction\ndefault_pool_size = 2\nserver_reset_query_always = 0\n"
            f"logfile = {directory}/log\n"
        )
        for path in (directory, directory / "users", directory / "ini"):
            if user is not None:
                shutil.chown(path, user)
        process = subprocess.Popen(
            [program, "-q", str(directory / "ini")], user=user, stderr=subprocess.DEVNULL
        )
        try:
            wait_for(lambda: (directory / ".s.PGSQL.6432").exists(), "PgBouncer listens")
            yield f"postgresql://comethooks@/postgres?host={directory}&port=6432"
        finally:
            process.kill()
            process.wait()
