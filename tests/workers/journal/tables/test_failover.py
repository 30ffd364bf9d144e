"""A primary becomes read-only, or goes, and another server of the URL takes what is written."""

from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest

from comethooks.workers.journal import Journal, JournalUnavailableError
from tests.missing import missing
from tests.servers import (
    PostgresServer,
    ServerMissingError,
    postgres_schema,
    running_postgres,
)
from tests.workers.journal.samples import event, run, settled


@pytest.fixture(scope="module")
def first() -> Iterator[PostgresServer]:
    """A server that is asked first."""
    try:
        with running_postgres() as server:
            yield server
    except ServerMissingError as error:
        missing(str(error))


@pytest.fixture
def second(postgres_server: str) -> Iterator[str]:
    """The URL of one that is asked when the first is of no use. It is shared with other tests."""
    with postgres_schema(postgres_server) as url:
        Journal.upgrade(url)
        yield url


@pytest.fixture
def url(first: PostgresServer, second: str) -> str:
    """The URL of both, each with the tables."""
    hosts, _, options = second.partition("host=")[2].partition("&")
    name = options.rpartition("%3D")[2]
    with psycopg.connect(first.url, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}")
    Journal.upgrade(f"{first.url}&{options}")
    return f"postgresql://comethooks@/postgres?host={first.directory},{hosts}&{options}"


def read_only(server: PostgresServer, value: str) -> None:
    """Let it take no writes, also of those who are connected, as a replica does."""
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(f"ALTER SYSTEM SET default_transaction_read_only = {value}")
        connection.execute("SELECT pg_reload_conf()")


def write_until_refused(journal: Journal) -> None:
    """It may take a moment until every process of the server knows."""
    while True:
        journal.write([settled(event(2), run())])


def test_a_server_that_takes_no_writes_any_more_is_left(
    first: PostgresServer, second: str, url: str
) -> None:
    """It answers as before, so nothing but the refused write tells of it: that fails as when the
    journal is away, and the next one goes to the other server, over new connections.
    """
    with closing(Journal.open(url)) as journal:
        journal.write([settled(event(1), run())])
        read_only(first, "on")
        try:
            with pytest.raises(JournalUnavailableError, match="25006"):
                write_until_refused(journal)
            journal.write([settled(event(3), run())])
        finally:
            read_only(first, "off")
        assert event(3).id in {each.id for each in journal.events()}
        with closing(Journal.open(second)) as other:
            assert [each.id for each in other.events()] == [event(3).id]


def test_a_server_that_is_gone_is_passed_over(first: PostgresServer, second: str, url: str) -> None:
    """Its connections break, and what is written next fails once at most."""
    with closing(Journal.open(url)) as journal:
        journal.write([settled(event(4), run())])
        first.stop()
        try:
            journal.write([settled(event(5), run())])
        finally:
            first.start()
    with closing(Journal.open(second)) as other:
        assert event(5).id in {each.id for each in other.events()}
