"""A server between a client and Redis, which delays answers and adds some."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.redis_server import RedisServer


class Relay:
    """Passes on what both sides say. Each piece that the server says waits for `delay` seconds."""

    def __init__(self, server: RedisServer) -> None:
        self.path = Path(f"{server.socket}.relay")
        self.url = f"unix://{self.path}"
        self.delay = 0.0
        self.delays = threading.Event()
        """A piece of what the server says waits, or has waited."""
        self.connected = 0
        """How many connections there were."""
        self._server = server
        self._clients: list[socket.socket] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.path))
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def add(self, answer: bytes) -> None:
        """Say something on each connection that nobody has asked for."""
        for client in self._clients:
            with contextlib.suppress(OSError):
                client.sendall(answer)

    def close(self) -> None:
        """Take no more connections, and end those that there are."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # which ends the thread that accepts
        self._listener.close()
        for client in self._clients:
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(str(self._server.socket))
                self.connected += 1
                self._clients.append(client)
                for source, sink in ((client, server), (server, client)):
                    threading.Thread(target=self._pass_on, args=(source, sink), daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if sink in self._clients and self.delay:
                    self.delays.set()
                    time.sleep(self.delay)
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)


@contextmanager
def relayed(server: RedisServer) -> Iterator[Relay]:
    """A relay to this server."""
    relay = Relay(server)
    try:
        yield relay
    finally:
        relay.close()
