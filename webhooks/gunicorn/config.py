"""gunicorn's configuration: what depends on no setting; `server.gunicorn_options` adds what does.

There is no `preload_app`: every worker makes its own application, so no connection crosses a fork.
What it is made of is imported once, before the workers are forked, which share it.
"""

import importlib
import os
import shutil
import signal
from functools import partial
from typing import Any

import structlog
from prometheus_client.multiprocess import mark_process_dead

from comethooks.webhooks.counters import MULTIPROCESS_DIRECTORY
from comethooks.webhooks.gunicorn.connection import limit_sending
from comethooks.webhooks.gunicorn.logger import GunicornLogger
from comethooks.webhooks.gunicorn.sharing import OpenConnections
from comethooks.workers.plugins.trials import Trials
from comethooks.workers.processes import keep_what_is_loaded, loading

log = structlog.get_logger()

worker_class = "comethooks.webhooks.gunicorn.worker.Worker"
threads = 16
# Fewer than the 1,024 files that a process may usually have open, since those to Redis count too.
worker_connections = 900
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


def on_starting(server: Any) -> None:
    """Import what the workers will need, and leave it alone: what nobody writes to stays shared."""
    with loading():
        importlib.import_module("comethooks.webhooks.app")
        importlib.import_module("comethooks.webhooks.gunicorn.worker")
    server.open_connections = OpenConnections()
    _judge_imports(server, signal.SIGKILL.name)  # one may have ended all of this


def when_ready(server: Any) -> None:
    """Limit how long a thread waits for somebody who does not read; it would be for ever.

    Accepted sockets inherit the limit. Sending then fails with `BlockingIOError`.
    """
    for listener in server.LISTENERS:
        limit_sending(listener.sock, patient=False)


def pre_fork(server: Any, worker: Any) -> None:
    """Give the new process its part in the sharing of connections."""
    worker.seat = server.open_connections.take_seat()


def post_worker_init(worker: Any) -> None:
    """Serve without looking through all that the application has loaded again and again, and load
    the plugins meanwhile.
    """
    keep_what_is_loaded()
    if begin_emptying := getattr(worker.wsgi, "begin_emptying", None):
        begin_emptying()
    if load_plugins := getattr(worker.wsgi, "load_plugins", None):
        load_plugins(partial(os.kill, os.getpid(), signal.SIGTERM))  # what it serves is answered


def worker_exit(server: Any, worker: Any) -> None:
    """In the process that ends: whatever it was importing has nothing to do with that. What is in
    the spool goes to Redis, if that takes it.
    """
    application = getattr(worker, "wsgi", None)  # without one it could not load it
    if end_emptying := getattr(application, "end_emptying", None):
        end_emptying()
    _trials(server).withdraw(os.getpid())


def child_exit(server: Any, worker: Any) -> None:
    """Keep the counters of a process that is gone, and drop its gauges and its seat. What it died
    of may have been the import of a plugin.
    """
    _judge_imports(server, "no sign of life" if worker.aborted else signal.SIGKILL.name)
    worker.seat.free()
    if os.environ.get(MULTIPROCESS_DIRECTORY):
        mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def on_exit(server: Any) -> None:
    """Remove the processes' counters."""
    if directory := os.environ.get(MULTIPROCESS_DIRECTORY):
        shutil.rmtree(directory, ignore_errors=True)


def _judge_imports(server: Any, how: str) -> None:
    """Of those that may have been killed, nobody knows by whom: that is `SIGKILL`."""
    for verdict in _trials(server).judge_dead(how):
        why = verdict.reason or "it ended meanwhile"
        log.error("web process died importing a plugin", where=verdict.where, reason=why)


def _trials(server: Any) -> Trials:
    return Trials.of(server.app.settings)
