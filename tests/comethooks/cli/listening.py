"""Who `comethooks send` sends to: the real application over HTTP, or a server that takes note."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from werkzeug.serving import make_server

from comethooks.webhooks.app import create_app
from comethooks.workers.settings.settings import Settings


@pytest.fixture
def application(command, log):
    """The application on a port of its own; `command` sends there."""
    server = make_server("127.0.0.1", 0, create_app(Settings.load(command.environ)), threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    command.environ["PORT"] = str(server.port)
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


class _Listener(ThreadingHTTPServer):
    # The 5 of the standard library are fewer than the handlers of one worker: on a busy machine
    # the kernel resets the connections of the others.
    request_queue_size = 64


@pytest.fixture
def listener():
    """A server that takes note of requests, waits at its `gate` if it has one, and answers what it
    is told to.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.server.requests.append((self.path, self.headers, body))
            if self.server.gate is not None:
                self.server.gate.wait(10)
            self.send_response(self.server.status)
            self.end_headers()
            self.wfile.write(self.server.answer)

        def log_message(self, *_):
            pass

    server = _Listener(("127.0.0.1", 0), Handler)
    server.requests, server.status, server.answer = [], 200, b'{"id": "1"}'
    server.gate = None
    server.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()
