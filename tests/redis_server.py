"""A Redis-compatible server of a test's own, and the fixtures that hand it out."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import RedisError

from comethooks.workers.supervision.server_program import find_server
from tests.folders import server_folder
from tests.waiting import wait_for


class RedisServer:
    """One server on a unix socket, which flushes everything to its files before it answers."""

    def __init__(
        self, directory: Path, program: str, port: int = 0, options: Mapping[str, str] | None = None
    ) -> None:
        self.socket = directory / "redis.sock"
        self.port = port
        """Of TCP on this machine, where replicas ask; 0 for none."""
        self.url = f"unix://{self.socket}"
        self._options = options or {}
        self._directory = directory
        self._program = program
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and return once it answers."""
        options = {"port": str(self.port), "bind": "127.0.0.1"}
        options |= {"unixsocket": str(self.socket), "dir": str(self._directory)}
        options |= {"appendonly": "yes", "appendfsync": "always", "save": ""}
        options |= self._options
        command = [
            self._program,
            *(part for name, value in options.items() for part in (f"--{name}", value)),
        ]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        wait_for(self._answers, "the Redis server answers")

    def kill(self) -> None:
        """End it at once, as the kernel would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it in order."""
        self._end(signal.SIGTERM)

    def lose(self) -> None:
        """Kill it, and start an empty one in its place."""
        self.kill()
        shutil.rmtree(self._directory)
        self._directory.mkdir()
        self.start()

    def freeze(self) -> None:
        """Stop it without ending it: connections stay, answers do not come."""
        assert self._process
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        assert self._process
        self._process.send_signal(signal.SIGCONT)

    def follow(self, port: int) -> None:
        """Become a replica of the server at this TCP port."""
        with self.client() as client:
            client.replicaof("127.0.0.1", port)

    def lead(self) -> None:
        """Become a primary."""
        with self.client() as client:
            client.replicaof("NO", "ONE")

    @property
    def pid(self) -> int:
        """Its process."""
        assert self._process
        return self._process.pid

    def client(self) -> Redis:
        """A client of its own for every caller."""
        return Redis.from_url(self.url)

    def _end(self, signum: int) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.send_signal(signum)
            self._process.wait()
            self._process = None

    def _answers(self) -> bool:
        try:
            with self.client() as client:
                return bool(client.ping())
        except (RedisError, OSError):
            return False


class RedisName:
    """A name that leads to one server and later to another, as one of a name server does."""

    def __init__(self, directory: Path, server: RedisServer) -> None:
        self._path = directory / "name.sock"
        self.url = f"unix://{self._path}"
        self.lead_to(server)

    def lead_to(self, server: RedisServer) -> None:
        """From now on, new connections reach this server. Those that there are stay."""
        new = self._path.with_suffix(".new")
        new.symlink_to(server.socket)
        os.replace(new, self._path)


@contextmanager
def running_server(
    program: str | None = None,
    port: int = 0,
    options: Mapping[str, str] | None = None,
    *,
    on_disk: bool = False,
) -> Iterator[RedisServer]:
    """A server with a folder of its own, in memory unless it has to be on a disk."""
    with server_folder("ch-", on_disk=on_disk) as directory:
        server = RedisServer(directory, program or find_server(None).path, port, options)
        try:
            server.start()
            yield server
        finally:
            server.kill()


@pytest.fixture(scope="session")
def _shared_redis() -> Iterator[RedisServer]:
    with running_server() as server:
        yield server


@pytest.fixture
def redis_server(_shared_redis: RedisServer) -> RedisServer:
    """A server without any data, shared with other tests; not to be killed."""
    with _shared_redis.client() as client:
        client.flushall()
    return _shared_redis


@pytest.fixture
def own_redis_server() -> Iterator[RedisServer]:
    """A server of the test's own, which it may kill, stop or freeze."""
    with running_server() as server:
        yield server
