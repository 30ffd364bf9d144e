"""The command, with a server and a journal of the test's own."""

import json
import os
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from comethooks.cli import main
from comethooks.workers.journal import Journal
from comethooks.workers.settings.settings import NAMES, Settings
from comethooks.workers.streams.accept import Streams
from tests.comethooks.cli.listening import application, listener  # noqa: F401  (fixtures)
from tests.comethooks.cli.replaying import replays, welcome, work  # noqa: F401  (fixtures)
from tests.comethooks.cli.store import Store
from tests.redis_server import RedisServer
from tests.tables import make_tables
from tests.webhooks.samples import PASSWORD, USER


@dataclass(frozen=True)
class Command:
    """`comethooks`, with an environment of its own."""

    environ: dict[str, str]

    def __call__(self, *arguments: str, **variables: str) -> Result:
        """What it does with these arguments, and these variables on top."""
        return self.piped(None, *arguments, **variables)

    def piped(self, given: bytes | None, *arguments: str, **variables: str) -> Result:
        """The same, with something on its standard input."""
        hidden: dict[str, str | None] = {
            name: None
            for name in os.environ
            if name in NAMES.values() or name.startswith("COMETHOOKS_")
        }
        return CliRunner().invoke(
            main, arguments, input=given, env={**hidden, **self.environ, **variables}
        )

    def json(self, *arguments: str, **variables: str) -> list[Any]:
        """The JSON documents that it prints, which it has to do without failing."""
        done = self(*arguments, "--json", **variables)
        assert done.exit_code == 0, done.output
        return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def command(tmp_path: Path, redis_server: RedisServer) -> Command:
    """`comethooks`, before anything was kept and without a journal."""
    return Command(
        {
            "COMETHOOKS_DATA_DIR": str(tmp_path),
            "COMETHOOKS_BASIC_AUTH": f"{USER}:{PASSWORD}",
            "REDIS_URL": redis_server.url,
        }
    )


@pytest.fixture
def store(command: Command, redis_server: RedisServer) -> Iterator[Store]:
    """The streams and the journal that `command` reads."""
    settings = Settings.load(command.environ)
    make_tables(settings.database_url)
    journal, streams = Journal.open(settings.database_url), Streams.open(settings)
    yield Store(streams, journal)
    streams.close()
    journal.close()


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Makes standard output a terminal of so many columns, for what is printed in this process."""

    def make(columns: int) -> None:
        monkeypatch.setattr("sys.stdout.isatty", lambda: True)
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setenv("TERM", "xterm")

    return make


@pytest.fixture
def folder(tmp_path: Path) -> Callable[[str, str], Path]:
    """Writes a plugin's file into the folder of plugins."""

    def write(name: str, code: str) -> Path:
        path = tmp_path / "plugins" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(textwrap.dedent(code).lstrip())
        return path

    return write
