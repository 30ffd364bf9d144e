"""The process of isolated runs: it makes one attempt after the other, as it is told over a socket.

It is started by `workers.handlers.isolated_process`, with the number of that socket and that of the
process which it is for. What a handler does to this process is seen from there.
"""

import os
import signal
import sys
import threading
from functools import partial
from multiprocessing.connection import Connection
from typing import Any

import structlog

from comethooks.workers import logs
from comethooks.workers.handlers.crew import Crew
from comethooks.workers.handlers.isolated_process import (
    BEGUN,
    MISSING,
    PULSE,
    READY,
    Attempted,
    Attempting,
)
from comethooks.workers.handlers.runners import Runner
from comethooks.workers.jobs.services import open_services
from comethooks.workers.journal import Journal, RunResult
from comethooks.workers.logs import failure
from comethooks.workers.plugins.last_good import LastGood
from comethooks.workers.plugins.loaded import BoundHandler
from comethooks.workers.plugins.loading import load_plugins
from comethooks.workers.plugins.trials import Trials
from comethooks.workers.processes import EXIT_FAILED, RELOAD, end_with_parent, name_host
from comethooks.workers.record import event_of
from comethooks.workers.settings.hiding import hidden_credentials
from comethooks.workers.settings.settings import Settings
from comethooks.workers.streams import keys
from comethooks.workers.streams.connections import connect
from comethooks.workers.streams.servers.shared_clock import follow_clock
from comethooks.workers.vital_signs import Pulse

_TICK_SECONDS = 0.1

log = structlog.get_logger()


class _Talk:
    """The other end of the sockets, which two threads write to."""

    def __init__(self, number: int) -> None:
        os.set_inheritable(number, False)
        self._connection: Connection[Any, Any] = Connection(number)
        self._lock = threading.Lock()

    def say(self, message: Attempted | str) -> None:
        """Say something."""
        with self._lock:
            self._connection.send(message)

    def beat(self) -> None:
        """Say that this process lives. When nobody listens any more, it is to end."""
        try:
            self.say(PULSE)
        except OSError:
            os._exit(0)

    def hear(self) -> Attempting | None:
        """The next request; None when there will be none."""
        try:
            request: Attempting = self._connection.recv()
        except (EOFError, OSError):
            return None
        return request


def work(talk: _Talk) -> None:
    """Make attempts until nobody wants one, or until a handler hangs."""
    settings = Settings.load()
    logs.configure(settings.log_format)
    keys.begin_with(settings.key_prefix)
    name_host(settings.host)
    with hidden_credentials(settings):
        _work_with(settings, talk)


def _work_with(settings: Settings, talk: _Talk) -> None:
    journal = Journal.open(
        settings.database_url,
        counts_figures=settings.counts_figures,
        pool=settings.database_pool,
    )
    client = connect(settings.redis_url)
    plugins = load_plugins(settings, LastGood.of(settings), Trials.of(settings))
    handlers = {handler.id: handler for handler in plugins.handlers}
    crew: Crew[RunResult] = Crew(1, open_services(settings, journal, plugins), client)
    crew.start()
    talk.say(READY)
    while not crew.stuck and (request := talk.hear()) is not None:
        follow_clock(client)
        handler = handlers.get(request.handler)
        if handler is None:
            talk.say(MISSING)
            continue
        talk.say(BEGUN)
        crew.submit(partial(_attempt, crew, request, handler))
        while not (results := crew.told(_TICK_SECONDS)):
            pass
        talk.say(Attempted(results[0], last=crew.stuck))


def _attempt(
    crew: Crew[RunResult], request: Attempting, handler: BoundHandler, runner: Runner
) -> None:
    def ended(result: RunResult, *, given_up: bool = False) -> None:
        crew.tell(result)

    event = event_of(request.record, request.replay)
    runner.execute(handler, event, ended, attempt=request.attempt, dry_run=request.dry_run)


def main() -> None:
    """Be such a process."""
    number, parent = (int(argument) for argument in sys.argv[1:])
    end_with_parent(parent, signal.SIGKILL)
    # Some send a signal to all processes of a host or terminal. This one ends with its parent. The
    # signals are not ignored, which what a handler starts would inherit.
    for signum in (signal.SIGTERM, signal.SIGINT, RELOAD):
        signal.signal(signum, lambda *_: None)
    talk = _Talk(number)
    Pulse(talk.beat).start()
    try:
        work(talk)
    except Exception as error:
        log.error("isolated runs failed", **failure(error))
        os._exit(EXIT_FAILED)
    # Threads that plugins have started may hang.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
