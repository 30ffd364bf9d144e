"""Processes share connections out evenly, and keep none waiting for one that is stopped."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from gunicorn.config import Config  # type: ignore[import-untyped]
from gunicorn.glogging import Logger  # type: ignore[import-untyped]

from comethooks.webhooks.gunicorn.sharing import (
    PATIENCE_SECONDS,
    OpenConnections,
    Seat,
    SharingWorker,
    Turns,
)
from comethooks.workers.settings.settings import Settings
from tests.redis_server import RedisServer
from tests.scenarios.stack import children
from tests.waiting import wait_for
from tests.webhooks.samples import PASSWORD, USER
from tests.webhooks.serving import Client, Served, free_port, served

Shares = dict[int, int]
"""How many connections each process has, by its number."""
LISTEN = "0A"
MOMENT = PATIENCE_SECONDS / 2


@pytest.fixture
def others() -> tuple[Seat, Seat, Turns]:
    """The seats of two other processes, with two connections each, and the turns of one that has
    three.
    """
    table = OpenConnections()
    first, second, own = (table.take_seat() for _ in range(3))
    first.say(2)
    second.say(2)
    turns = Turns(own)
    turns.begin_round(3)
    return first, second, turns


class TestTurns:
    def test_who_has_more_than_another_leaves_it_a_connection(
        self, others: tuple[Seat, Seat, Turns]
    ) -> None:
        turns = others[2]
        assert turns.leaves(10)
        assert turns.waits(10 + MOMENT)

    def test_it_is_its_turn_when_nobody_has_fewer_any_more(
        self, others: tuple[Seat, Seat, Turns]
    ) -> None:
        first, second, turns = others
        assert turns.leaves(10)
        first.say(3)
        assert turns.waits(10 + MOMENT)
        second.say(4)
        assert not turns.waits(10 + MOMENT)
        assert not turns.leaves(10 + MOMENT)

    def test_what_they_did_not_take_is_taken_and_nothing_left_to_them_before_they_go_on(
        self, others: tuple[Seat, Seat, Turns]
    ) -> None:
        first, _, turns = others
        assert turns.leaves(10)
        late = 10 + PATIENCE_SECONDS
        assert not turns.waits(late)
        assert not turns.leaves(late)
        turns.begin_round(4)
        assert not turns.leaves(late + 100)
        first.say(2)
        assert turns.leaves(late + 100)

    def test_who_takes_something_does_not_make_others_wait_for_who_does_not(
        self, others: tuple[Seat, Seat, Turns]
    ) -> None:
        first, _, turns = others
        turns.begin_round(100)
        assert turns.leaves(10)
        assert not turns.waits(10 + PATIENCE_SECONDS)
        assert not turns.leaves(10 + PATIENCE_SECONDS)
        first.say(3)
        assert turns.leaves(11)
        first.say(101)
        assert not turns.leaves(11)

    def test_they_are_trusted_as_long_as_they_take_something(
        self, others: tuple[Seat, Seat, Turns]
    ) -> None:
        first, _, turns = others
        turns.begin_round(100)
        assert turns.leaves(10)
        for taken in range(20):
            first.say(3 + taken)
            assert turns.waits(10 + taken * MOMENT)

    def test_they_are_trusted_when_they_have_taken_all_there_was(
        self, others: tuple[Seat, Seat, Turns]
    ) -> None:
        first, _, turns = others
        turns.begin_round(100)
        assert turns.leaves(10)
        first.say(3)
        assert turns.waits(10 + MOMENT)
        assert not turns.waits(10 + MOMENT + PATIENCE_SECONDS)
        turns.begin_round(100)
        assert turns.leaves(11)

    @pytest.mark.parametrize("gone", ["leave", "free"])
    def test_who_takes_no_more_does_not_count(
        self, others: tuple[Seat, Seat, Turns], gone: str
    ) -> None:
        first, second, turns = others
        getattr(first, gone)()
        second.say(5)
        assert not turns.leaves(10)

    def test_a_process_counts_once_it_takes_connections(self) -> None:
        table = OpenConnections()
        table.take_seat()
        turns = Turns(table.take_seat())
        turns.begin_round(1)
        assert not turns.leaves(10)


class TestOpenConnections:
    def test_a_seat_is_given_away_again_when_it_is_free(self) -> None:
        table = OpenConnections()
        first, *_ = [table.take_seat() for _ in range(100)]
        first.free()
        own = Turns(table.take_seat())
        own.begin_round(1)
        assert not own.leaves(10)


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, _shared_redis: RedisServer
) -> Iterator[Served]:
    """A gunicorn of two processes, both of which take connections."""
    directory = tmp_path_factory.mktemp("web")
    settings = Settings.load(
        {
            "COMETHOOKS_BASIC_AUTH": f"{USER}:{PASSWORD}",
            "COMETHOOKS_DATA_DIR": str(directory),
            "REDIS_URL": _shared_redis.url,
            "PORT": str(free_port()),
            "WEB_CONCURRENCY": "2",
        }
    )
    with served(settings, directory) as server:
        wait_for(lambda: all(shares(server, 4).values()), "both take some")
        yield server


class TestProcesses:
    def test_connections_opened_at_once_are_shared_out_evenly(self, server: Served) -> None:
        """Each time, unless a process is kept from running meanwhile."""
        even = [max(shares(server, 16).values()) <= 9 for _ in range(5)]
        assert sum(even) >= 3

    def test_so_are_those_that_are_opened_one_after_the_other(self, server: Served) -> None:
        """At every moment, unless a process is kept from running meanwhile."""
        leads = []
        with opened(server, 0) as clients:
            for _ in range(16):
                one_more(server, clients)
                leads.append(lead(server))
        assert sum(each <= 1 for each in leads) >= 12

    def test_nobody_waits_for_a_process_that_is_stopped(self, server: Served) -> None:
        """A hundred one after the other are answered before each could have waited."""
        stopped, _ = children(server.process.pid)
        os.kill(stopped, signal.SIGSTOP)
        try:
            with opened(server, 0) as clients:
                started = time.monotonic()
                for _ in range(100):
                    one_more(server, clients)
                assert time.monotonic() - started < 100 * PATIENCE_SECONDS
        finally:
            os.kill(stopped, signal.SIGCONT)

    def test_a_new_process_gets_what_comes_until_it_has_as_many(self, server: Served) -> None:
        with opened(server, 16) as clients:
            killed = children(server.process.pid)[0]
            os.kill(killed, signal.SIGKILL)
            wait_for(lambda: killed not in children(server.process.pid), "it is gone")

            def is_even() -> bool:
                one_more(server, clients)
                return lead(server) <= 2

            wait_for(is_even, "another one has as many")


@contextmanager
def opened(server: Served, number: int) -> Iterator[list[Client]]:
    """So many connections opened at once, to which others may be added."""
    clients = [server.client() for _ in range(number)]
    try:
        yield clients
    finally:
        for client in clients:
            client.close()
        wait_for(lambda: not any(taken(server).values()), "they are closed")


def one_more(server: Served, clients: list[Client]) -> None:
    """Open another connection, and wait for its first answer."""
    clients.append(server.client())
    clients[-1].send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    assert clients[-1].answer()[0] == 200


def lead(server: Served) -> int:
    """How many connections one process has more than the other."""
    counts = taken(server).values()
    return max(counts) - min(counts)


def shares(server: Served, number: int) -> Shares:
    """How many of so many connections each process takes."""
    with opened(server, number):
        wait_for(lambda: sum(taken(server).values()) == number, "all are taken")
        return taken(server)


def taken(server: Served) -> Shares:
    """How many connections each process has."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    own = f":{server.port:04X}"
    links = {f"socket:[{line[9]}]" for line in lines if line[1].endswith(own) and line[3] != LISTEN}
    found = {}
    for pid in children(server.process.pid):
        with suppress(OSError):  # of a process, or a file, that is gone meanwhile
            files = [os.readlink(each) for each in Path(f"/proc/{pid}/fd").iterdir()]
            found[pid] = sum(link in links for link in files)
    return found


def test_a_process_shows_that_it_is_alive_not_in_every_round() -> None:
    """It does so about once a second, however many rounds its main loop makes."""
    config = Config()
    worker = SharingWorker(1, os.getpid(), [], None, config.timeout, config, Logger(config))
    worker.alive = False  # it takes no connections

    def shown() -> float:
        worker.notify()
        return float(worker.tmp.last_update())

    first = shown()
    assert shown() == first
    wait_for(lambda: shown() > first, "it shows it again", seconds=5)
    worker.tmp.close()
