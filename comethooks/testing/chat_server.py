"""An app of the tests behind a real socket."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

import orjson

from comethooks.testing.chat_state import ChatAnswer, Silence

Respond = Callable[[str, str, Mapping[str, str], bytes], ChatAnswer]
"""The answer to a method, a URL, headers (found in any case) and a body. Raises `Silence`."""


@contextmanager
def listening(respond: Respond) -> Iterator[str]:
    """The address of a server that answers so."""
    ended = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            try:
                answer = respond(self.command, self.path, cast(Any, self.headers), body)
            except Silence:
                ended.wait()
                self.close_connection = True
                return
            is_json = answer.document is not None
            content = orjson.dumps(answer.document) if is_json else answer.content
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            with suppress(ConnectionError):  # whoever asked need not read all of it
                self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        ended.set()
        server.shutdown()
        thread.join()
        server.server_close()
