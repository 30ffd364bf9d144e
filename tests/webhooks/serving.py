"""The application under a real gunicorn, and a client that sends exactly what it is told to."""

import signal
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from comethooks.workers.settings.env_file import SETTLED
from comethooks.workers.settings.settings import Settings
from tests import command_processes
from tests.waiting import wait_for
from tests.webhooks.samples import authorization


class Client:
    """One connection."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self._answers = self._socket.makefile("rb")

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def post(
        self,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        path: str = "/webhooks",
    ) -> None:
        """Send a webhook; without headers that say otherwise it is authenticated, and as long as it
        is.
        """
        fields = {"Host": "x", "Authorization": authorization(), "Content-Length": str(len(body))}
        fields |= headers or {}
        lines = [f"{name}: {value}\r\n" for name, value in fields.items() if value]
        self.send(f"POST {path} HTTP/1.1\r\n{''.join(lines)}\r\n".encode("latin-1") + body)

    def answer(self) -> tuple[int, dict[str, str], bytes]:
        """Status, headers by lower-case name, body."""
        status = int(self._answers.readline().split()[1])
        headers: dict[str, str] = {}
        while line := self._answers.readline().strip():
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        return status, headers, self._answers.read(int(headers.get("content-length", 0)))

    def close(self) -> None:
        self._answers.close()
        self._socket.close()


class Served:
    """A running gunicorn."""

    def __init__(self, settings: Settings, log: Path, cwd: Path) -> None:
        self.port = settings.port
        self._log = log
        with log.open("wb") as output:
            self.process = command_processes.start(
                ["web"],
                # As if `up` had looked whether Redis is there.
                environ={**settings.environ, SETTLED: "1"},
                stdout=output,
                stderr=output,
                cwd=cwd,
                safe_path=True,
            )

    def client(self) -> Client:
        return Client(self.port)

    def log(self) -> str:
        return self._log.read_text()

    def stop(self) -> int:
        """Ask it to stop; its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


def free_port() -> int:
    """A port that nobody listened on a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


@contextmanager
def served(settings: Settings, directory: Path) -> Iterator[Served]:
    """The application under gunicorn, started in an empty directory, once it answers."""
    cwd = directory / "cwd"
    cwd.mkdir()
    server = Served(settings, directory / "web.log", cwd)
    try:
        wait_for(lambda: _answers(server), "the web server answers")
        yield server
    finally:
        server.process.kill()
        server.process.wait()


def _answers(server: Served) -> bool:
    assert server.process.poll() is None, server.log()
    try:
        client = server.client()
    except OSError:
        return False
    client.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    status, _, _ = client.answer()
    client.close()
    return status == 200
