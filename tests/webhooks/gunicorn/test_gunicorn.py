"""What only a real web server shows: limits before reading, slow and rude senders, and how it
ends.
"""

import json
import resource
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from comethooks.webhooks.counters import SHARED_MEMORY
from comethooks.workers.settings.settings import Settings
from tests.application import Kept, MakeSettings
from tests.redis_server import RedisServer
from tests.scenarios.stack import children
from tests.waiting import wait_for
from tests.webhooks.samples import PASSWORD, USER, authorization, message, raw
from tests.webhooks.serving import Client, Served, free_port, served

MIB = 1024 * 1024
HEAD = f"POST /webhooks HTTP/1.1\r\nHost: x\r\nAuthorization: {authorization()}\r\n".encode()


@pytest.fixture(scope="module")
def shared(
    tmp_path_factory: pytest.TempPathFactory, _shared_redis: RedisServer
) -> Iterator[tuple[Served, Path]]:
    directory = tmp_path_factory.mktemp("web")
    settings = Settings.load(
        {
            "COMETHOOKS_BASIC_AUTH": f"{USER}:{PASSWORD}",
            "COMETHOOKS_DATA_DIR": str(directory / "data"),
            "REDIS_URL": _shared_redis.url,
            "PORT": str(free_port()),
        }
    )
    with served(settings, directory) as server:
        yield server, directory


@pytest.fixture
def server(shared: tuple[Served, Path], redis_server: RedisServer) -> Served:
    """A gunicorn of two processes, and a server without any data behind it."""
    return shared[0]


@pytest.fixture
def client(server: Served) -> Iterator[Client]:
    client = server.client()
    yield client
    client.close()


class TestBodies:
    def test_an_event_is_accepted(self, client: Client, kept: Kept) -> None:
        client.post(raw(message()))
        status, headers, body = client.answer()
        assert (status, json.loads(body)) == (200, {"id": headers["x-request-id"]})
        assert kept()[0].headers["remote_address"] == "127.0.0.1"

    def test_a_body_over_the_limit_is_refused_before_it_has_arrived(
        self, client: Client, kept: Kept
    ) -> None:
        client.post(b"{" * 10, {"Content-Length": str(2 * MIB)})
        started = time.monotonic()
        status, headers, _ = client.answer()
        assert (status, headers["content-type"]) == (413, "application/problem+json")
        assert time.monotonic() - started < 5  # of ten that a body may take
        assert [record.status for record in kept()] == [413]

    def test_a_sender_that_only_reads_when_it_has_sent_all_of_it_is_told_too(
        self, client: Client
    ) -> None:
        client.post(b" " * (MIB + 1))
        assert client.answer()[0] == 413

    def test_of_a_chunked_body_no_more_than_the_limit_is_read(self, client: Client) -> None:
        client.post(headers={"Content-Length": "", "Transfer-Encoding": "chunked"})
        for _ in range(17):
            client.send(b"10000\r\n" + b" " * 0x10000 + b"\r\n")
        assert client.answer()[0] == 413

    def test_a_chunked_body_below_the_limit_is_accepted(self, client: Client) -> None:
        client.post(headers={"Content-Length": "", "Transfer-Encoding": "chunked"})
        body = raw(message())
        client.send(f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n")
        assert client.answer()[0] == 200

    def test_a_chunk_of_no_size_is_a_problem_and_not_an_accident(
        self, client: Client, kept: Kept
    ) -> None:
        client.post(headers={"Content-Length": "", "Transfer-Encoding": "chunked"})
        client.send(b"five\r\nhello\r\n0\r\n\r\n")
        assert client.answer()[0] == 400
        assert kept()[0].reason == "the body broke off: InvalidChunkSize"

    @pytest.mark.parametrize("length", ["-1", "five", "1, 2", "9" * 5000])
    def test_a_length_that_is_no_number_is_refused(
        self, server: Served, client: Client, length: str
    ) -> None:
        client.post(headers={"Content-Length": length})
        assert client.answer()[0] in {400, 413}

    def test_a_sender_that_goes_away_leaves_no_event(self, server: Served, kept: Kept) -> None:
        client = server.client()
        client.post(raw(message()), {"Content-Length": "1000"})
        client.close()
        wait_for(kept, "the half request is kept as refused")
        assert [(record.status, record.body) for record in kept()] == [(400, b"")]


class TestConnections:
    def test_after_an_early_refusal_the_connection_goes_on(self, client: Client) -> None:
        for _ in range(3):
            client.post(raw(message()), {"Authorization": ""})
            status, headers, _ = client.answer()
            assert (status, headers["connection"]) == (401, "keep-alive")
            client.post(raw(message()))
            assert client.answer()[0] == 200

    @pytest.mark.parametrize(
        "begin",
        [
            b"",
            b"POST /webhooks HTTP/1.1\r\nHost: x\r\nAutho",
            HEAD + b"Content-Length: 9\r\n\r\n{",
            b"POST /webhooks HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n\r\n{",
            b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        ],
        ids=["at once", "in the head", "in the body", "in a large body", "after the answer"],
    )
    def test_a_hundred_senders_that_fall_silent_keep_nobody_waiting(
        self, server: Served, begin: bytes
    ) -> None:
        silent = [server.client() for _ in range(100)]
        for client in silent:
            client.send(begin)
        for number in range(4):
            started = time.monotonic()
            client = server.client()
            client.post(raw(message(id=f"{len(begin)}-{number}")))
            assert client.answer()[0] == 200
            assert time.monotonic() - started < 5  # of ten that a silent sender may take
            client.close()
        for client in silent:
            client.close()

    def test_a_request_may_arrive_byte_by_byte(self, client: Client) -> None:
        body = raw(message())
        for byte in HEAD + f"Content-Length: {len(body)}\r\n\r\n".encode() + body:
            client.send(bytes([byte]))
        assert client.answer()[0] == 200

    @pytest.mark.parametrize(
        ("request_head", "status"),
        [
            (b"NONSENSE\r\n\r\n", 400),
            (b"POST /webhooks HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 9000 + b"\r\n\r\n", 431),
            (b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        ],
        ids=["no request", "large header", "long line"],
    )
    def test_what_is_no_request_is_a_problem_with_an_id_too(
        self, client: Client, request_head: bytes, status: int
    ) -> None:
        client.send(request_head)
        answered, headers, document = client.answer()
        assert answered == status
        assert headers["content-type"] == "application/problem+json"
        assert json.loads(document)["status"] == status
        assert headers["x-request-id"]

    def test_a_head_without_an_end_is_refused_before_its_sender_is_silent(
        self, client: Client
    ) -> None:
        """In the main loop: no thread has anything to do with it."""
        client.send(
            b"POST /webhooks HTTP/1.1\r\nHost: x\r\n" + 70 * (b"X: " + b"y" * 997 + b"\r\n")
        )
        started = time.monotonic()
        status, headers, document = client.answer()
        assert time.monotonic() - started < 5  # of ten that a body may take
        assert (status, headers["connection"]) == (431, "close")
        assert json.loads(document)["request_id"] == headers["x-request-id"]

    @pytest.mark.parametrize("path", ["/webhooks", "/nothing"])
    def test_nobody_waits_for_a_body_that_the_answer_does_not_depend_on(
        self, server: Served, path: str
    ) -> None:
        """A hundred of them one after the other take as long as a hundred answers."""
        started = time.monotonic()
        for _ in range(100):
            client = server.client()
            client.send(
                f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 90000\r\n\r\n".encode()
            )
            assert client.answer()[0] in {401, 404}
            client.close()
        assert time.monotonic() - started < 50  # of a thousand, if each had its ten

    def test_the_answer_arrives_also_when_the_sender_goes_on_with_its_body(
        self, client: Client
    ) -> None:
        client.post(b" " * 500_000, {"Authorization": "", "Content-Length": "900000"})
        assert client.answer()[0] == 401

    def test_a_second_request_behind_a_first_may_be_slow(self, client: Client) -> None:
        body = raw(message())
        head = HEAD + f"Content-Length: {len(body)}\r\n\r\n".encode()
        client.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" + head[:20])
        assert client.answer()[0] == 200
        client.send(head[20:] + body[:9])
        client.send(body[9:])
        assert client.answer()[0] == 200

    def test_several_requests_with_bodies_may_arrive_at_once(
        self, client: Client, kept: Kept
    ) -> None:
        for number in range(3):
            client.post(raw(message(id=f"pipelined{number}")))
        assert [client.answer()[0] for _ in range(3)] == [200] * 3
        assert len(kept()) == 3

    @pytest.mark.parametrize(
        ("asked", "line"), [(2_000, b"GET /metrics"), (20_000, b"POST /webhooks")]
    )
    def test_whoever_does_not_read_its_answers_loses_the_connection(
        self, server: Served, asked: int, line: bytes
    ) -> None:
        """A thread that waited for it to read would wait for ever."""
        client = server.client()

        def is_closed() -> bool:
            try:
                client.send(b"x")
            except OSError:
                return True
            return False

        client.send(asked * (line + b" HTTP/1.1\r\nHost: x\r\n\r\n"))
        wait_for(is_closed, "the connection is closed")
        client.close()

    def test_two_requests_may_arrive_at_once(self, client: Client) -> None:
        client.send(2 * b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert [client.answer()[0] for _ in range(2)] == [200, 200]

    def test_a_sender_that_asks_before_it_sends_is_told_to_go_on(self, client: Client) -> None:
        body = raw(message())
        client.post(headers={"Content-Length": str(len(body)), "Expect": "100-continue"})
        assert client.answer()[0] == 100
        client.send(body)
        assert client.answer()[0] == 200

    def test_a_header_that_cannot_be_read_is_not_quoted_in_the_log(self, server: Served) -> None:
        client = server.client()
        client.send(
            f"POST /webhooks HTTP/1.1\r\nHost: x\r\n{authorization()} pl4nted\r\n\r\n".encode()
        )
        assert client.answer()[0] == 400
        client.close()
        wait_for(lambda: "malformed request" in server.log(), "it is logged")
        assert "pl4nted" not in server.log()
        assert authorization().split()[1] not in server.log()


def is_kept(server: Served) -> bool:
    """Whether an event is answered with 200."""
    client = server.client()
    client.post(raw(message()))
    status = client.answer()[0]
    client.close()
    return status == 200


class TestProcess:
    def test_what_all_processes_counted_is_added_up(self, server: Served) -> None:
        for number in range(20):
            client = server.client()
            client.post(raw(message(id=f"sum{number}")))
            assert client.answer()[0] == 200
            client.close()
        client = server.client()
        client.send(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        text = client.answer()[2].decode()
        client.close()
        line = next(line for line in text.splitlines() if '{outcome="accepted"' in line)
        assert float(line.split()[-1]) >= 20

    def test_a_large_body_that_falls_silent_is_given_up(self, server: Served, kept: Kept) -> None:
        client = server.client()
        client.post(b"{", {"Content-Length": "900000"})
        assert client.answer()[0] == 400
        client.close()
        assert [record.reason for record in kept()] == ["the body broke off: TimeoutError"]

    def test_a_process_without_files_left_goes_on(
        self, tmp_path: Path, redis_server: RedisServer, make_settings: MakeSettings
    ) -> None:
        """It may have 256 of them on a Mac. Those whose connections come and go meanwhile do not
        bring it down, nor with it the requests that it has.
        """
        settings = make_settings(PORT=str(free_port()), WEB_CONCURRENCY="1")
        with served(settings, tmp_path) as server:
            (worker,) = children(server.process.pid)
            most = len(list(Path(f"/proc/{worker}/fd").iterdir())) + 25
            resource.prlimit(worker, resource.RLIMIT_NOFILE, (most, most))
            with ThreadPoolExecutor(4) as pool:
                for _ in range(100):
                    pool.submit(come_and_go, server)
            # It may take a moment until it has closed theirs, and has one for Redis.
            wait_for(lambda: is_kept(server), "an event is kept", seconds=5)
            assert children(server.process.pid) == [worker]

    def test_it_ends_with_zero_and_leaves_nothing_behind(
        self, tmp_path: Path, redis_server: RedisServer, make_settings: MakeSettings
    ) -> None:
        settings = make_settings(PORT=str(free_port()), HOME=str(tmp_path / "home"))
        (tmp_path / "home").mkdir()
        with served(settings, tmp_path) as server:
            idle, half = server.client(), server.client()
            half.send(b"POST /webhooks HTTP/1.1\r\n")
            assert server.stop() == 0
            idle.close()
            half.close()
            lines = [json.loads(line) for line in server.log().splitlines()]
        assert {line["level"] for line in lines} == {"info"}
        assert list((tmp_path / "cwd").iterdir()) == []
        assert list((tmp_path / "home").iterdir()) == []
        left = f"comethooks-{socket.gethostname()}-{server.process.pid}-*"
        assert [*SHARED_MEMORY.glob(left), *(tmp_path / "metrics").glob(left)] == []


def come_and_go(server: Served) -> None:
    """Twenty connections at once, each with the begin of a request, in pieces."""
    clients = []
    with suppress(OSError):
        clients += [server.client() for _ in range(20)]
        for part in (b"POST /webhooks HTTP/1.1\r\n", b"Host: x\r\n"):
            for client in clients:
                client.send(part)
    for client in clients:
        client.close()
