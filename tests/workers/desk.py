"""A journal with runs that failed, and jobs that work on them."""

from pathlib import Path
from queue import SimpleQueue
from typing import Any, cast

from redis import Redis

from comethooks.workers.clock import now_ms
from comethooks.workers.handlers.isolated_process import Isolated
from comethooks.workers.jobs.attempts import Attempts
from comethooks.workers.jobs.equipment import Equipment
from comethooks.workers.journal import Filter, Journal, RunResult, Settled, StoredRun
from comethooks.workers.plugins.loaded import BoundHandler, LoadedPlugin, Plugins
from comethooks.workers.processes import StopFlag
from comethooks.workers.settings.settings import Settings
from comethooks.workers.states import RunState
from comethooks.workers.streams.connections import connect
from comethooks.workers.vital_signs import VitalSigns
from tests.redis_server import RedisServer
from tests.tables import make_tables
from tests.workers.dispatching import InThread
from tests.workers.engine import record


class Desk:
    """A journal with runs that are due, and jobs that work on them."""

    def __init__(self, server: RedisServer, directory: Path) -> None:
        url = f"sqlite:///{directory}/journal.db"
        make_tables(url)
        environ = {
            "REDIS_URL": server.url,
            "DATABASE_URL": url,
            "COMETHOOKS_DATA_DIR": str(directory),
            "COMETHOOKS_THREADS": "4",
        }
        self.settings = Settings.load(environ)
        self.journal = Journal.open(self.settings.database_url)
        self.redis: Redis = connect(server.url)
        self.stop = StopFlag()
        self.deaths: SimpleQueue[str] = SimpleQueue()
        """How the processes of the next isolated runs end."""

    def fail(
        self,
        count: int,
        name: str = "plugin.handler",
        received_at: int | None = None,
        **changes: Any,
    ) -> list[str]:
        """So many events whose run has failed once and is due; their ids."""
        now = now_ms()
        moment = {} if received_at is None else {"received_at": received_at}
        values: dict[str, Any] = {
            "handler": name,
            "state": RunState.RETRYING,
            "attempts": 1,
            "started_at": now,
            "finished_at": now,
            "error": "ValueError: at first",
            "next_at": now - 1,
        }
        result = RunResult(**{**values, **changes})
        records = [record(number, number, **moment) for number in range(count)]
        self.journal.write([Settled(record=each, runs=(result,), partition=0) for each in records])
        return [each.id for each in records]

    def plugins(self, *handlers: BoundHandler) -> Plugins:
        """A plugin with these handlers."""
        plugin = LoadedPlugin(
            name="plugin",
            origin="test",
            file="test.py",
            config=handlers[0].config if handlers else None,  # type: ignore[arg-type]
            handlers=handlers,
            warnings=(),
            version="1.0",
        )
        return Plugins(loaded=(plugin,))

    def attempts(self, *handlers: BoundHandler) -> Attempts:
        """A job that knows these handlers."""
        return Attempts(
            self.equipment(self.plugins(*handlers)), lambda: cast(Isolated, InThread(self.deaths))
        )

    def equipment(self, plugins: Plugins) -> Equipment:
        """What a job works with that has these plugins."""
        signs = VitalSigns(self.settings.threads)
        return Equipment(self.settings, plugins, self.journal, self.redis, self.stop, signs)

    def runs(self) -> list[StoredRun]:
        """Every run."""
        return list(self.journal.runs(Filter()))

    def states(self) -> set[tuple[RunState, int]]:
        """The states that runs are in, and after how many attempts."""
        return {(run.state, run.attempts) for run in self.runs()}
