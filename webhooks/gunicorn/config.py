"""gunicorn's configuration: what depends on no setting; `server.gunicorn_argv` adds what does.

There is no `preload_app`: every worker makes its own application, so no connection crosses a fork.
"""

import os
import shutil
import socket
import struct
from typing import Any

from prometheus_client.multiprocess import mark_process_dead

from comethooks.webhooks.gunicorn.server import GunicornLogger
from comethooks.webhooks.metrics import MULTIPROCESS_DIRECTORY

worker_class = "comethooks.webhooks.gunicorn.worker.Worker"
threads = 16
# Longer than the 60 seconds after which most load balancers drop an idle connection: if we dropped
# it first, a request that is just being sent would be lost.
keepalive = 65
timeout = 30
graceful_timeout = 10
backlog = 2048
logger_class = GunicornLogger
accesslog = None
control_socket_disable = True  # it would leave a socket in the home directory
forwarded_allow_ips = ""  # the application counts its trusted proxies itself
secure_scheme_headers: dict[str, str] = {}

SILENCE_SECONDS = 5
"""How long a sender may say nothing in the middle of a request before it loses its thread."""


def when_ready(server: Any) -> None:
    """Limit how long a connection may be silent, since gunicorn's threads would wait for ever.

    Accepted sockets inherit the limit. A read that is too slow fails with `BlockingIOError`.
    """
    for listener in server.LISTENERS:
        listener.sock.setsockopt(
            socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("@ll", SILENCE_SECONDS, 0)
        )


def child_exit(server: Any, worker: Any) -> None:
    """Keep the counters of a process that is gone, and drop its gauges."""
    if os.environ.get(MULTIPROCESS_DIRECTORY):
        mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def on_exit(server: Any) -> None:
    """Remove the processes' counters."""
    if directory := os.environ.get(MULTIPROCESS_DIRECTORY):
        shutil.rmtree(directory, ignore_errors=True)
