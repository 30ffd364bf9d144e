"""A journal in a PostgreSQL behind a pool that gives connections away after each transaction."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Barrier

import pytest
from sqlalchemy import Connection, text

from comethooks.workers.journal import Journal
from tests.missing import missing
from tests.servers import ServerMissingError, pool_in_transaction_mode, running_postgres
from tests.workers.journal.samples import event, run, settled

COUNTED = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'mine'"


@pytest.fixture
def pool() -> Iterator[str]:
    """The URL of a PgBouncer in transaction mode."""
    try:
        with running_postgres() as server, pool_in_transaction_mode(server) as url:
            yield url
    except ServerMissingError as error:
        missing(str(error))


def test_statements_need_nothing_of_the_transaction_before(pool: str) -> None:
    """A statement that was prepared on one connection of the server is unknown on the other."""
    Journal.upgrade(pool)

    def writing(journal: Journal, first: int) -> Callable[[], None]:
        def write() -> None:
            for number in range(first, first + 30):
                journal.write([settled(event(number), run())])

        return write

    with (
        closing(Journal.open(pool)) as one,
        closing(Journal.open(pool)) as other,
        ThreadPoolExecutor(4) as threads,
    ):
        journals = (one, other, one, other)
        tasks = [writing(journal, 100 * number) for number, journal in enumerate(journals)]
        for task in [threads.submit(task) for task in tasks]:
            task.result()
        assert len(list(one.events())) == 120


def test_a_pool_is_known_for_what_it_is(pool: str, postgres_server: str) -> None:
    """Without one, statements are prepared: batches cost less."""
    for url, pooled in ((pool, True), (postgres_server, False)):
        with closing(Journal.open(url)) as journal:
            assert journal.facts().pooled is pooled


def test_a_process_opens_no_more_connections_than_it_may(postgres_server: str) -> None:
    """Threads that find none wait for one. The server is told whose they are.

    Counted here: to the server, one that was closed is there until its process has ended.
    """
    meeting = Barrier(3)
    holding: list[Connection] = []

    def meet(journal: Journal) -> tuple[int, int]:
        with journal.engine.connect() as connection:
            holding.append(connection)
            meeting.wait(30)
            connection.execute(text("SELECT pg_sleep(0.02)"))
            known, held = connection.scalar(text(COUNTED)), len(holding)
            meeting.wait(30)
            holding.remove(connection)
        return int(known or 0), held

    with (
        closing(Journal.open(f"{postgres_server}&application_name=mine", pool=3)) as journal,
        ThreadPoolExecutor(8) as threads,
    ):
        found = [task.result() for task in [threads.submit(meet, journal) for _ in range(24)]]
    assert min(known for known, _ in found) >= 3
    assert {held for _, held in found} == {3}
    with closing(Journal.open(postgres_server)) as journal, journal.engine.connect() as connection:
        assert connection.scalar(text("SHOW application_name")) == "comethooks"
