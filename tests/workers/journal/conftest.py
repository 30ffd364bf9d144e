"""The journal's contract holds on SQLite and on PostgreSQL: every test that asks for one of these
runs on both.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from comethooks.workers.journal import Journal
from tests import servers
from tests.tables import make_tables


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/journal.db"
        return
    server = request.getfixturevalue("postgres_server")
    with servers.postgres_schema(server) as schema:
        yield schema


@pytest.fixture
def open_journal(url: str) -> Iterator[Callable[[], Journal]]:
    """Opens the same journal, with its tables, as often as it is called."""
    make_tables(url)
    with ExitStack() as opened:
        yield lambda: opened.enter_context(closing(Journal.open(url)))


@pytest.fixture
def journal(open_journal: Callable[[], Journal]) -> Journal:
    """A journal with its tables and nothing in them."""
    return open_journal()
