"""The primary is found by Sentinels that answer, and one that hangs costs next to nothing."""

import contextlib
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import AuthenticationError, RedisError

from comethooks.workers.settings.server_urls import parse_redis_url
from comethooks.workers.streams.batches import Batches
from comethooks.workers.streams.connections import CONNECTION_LOST, connect
from comethooks.workers.streams.refusals import what_failed
from comethooks.workers.streams.servers.sentinels import NoSuchPrimaryError, SentinelsAwayError
from comethooks.workers.streams.windows import SlidingWindows
from tests.missing import missing
from tests.redis_server import running_server
from tests.scenarios.stack import free_port
from tests.sentinels import SentinelProcess, Watched, watched
from tests.waiting import wait_for

CONNECT_SECONDS = 0.1
ANSWER_SECONDS = 0.3
"""What a web process waits for each step."""


def client_of(url: str) -> Redis:
    return connect(parse_redis_url(url), connect_timeout=CONNECT_SECONDS, timeout=ANSWER_SECONDS)


@pytest.fixture
def sentinels(tmp_path: Path) -> Iterator[list[SentinelProcess]]:
    """Three Sentinels that watch one server. What they say of it is all that is asked here."""
    with ExitStack() as stack:
        started = []
        for number in range(3):
            folder = tmp_path / str(number)
            folder.mkdir()
            process = SentinelProcess(folder, 7)
            stack.callback(process.kill)
            process.start()
            started.append(process)
        yield started


def url_of(sentinels: list[SentinelProcess], name: str = "mymaster") -> str:
    hosts = ",".join(f"127.0.0.1:{each.port}" for each in sentinels)
    return f"redis+sentinel://{hosts}/{name}"


def asked(url: str) -> float:
    """How long a client asks until it knows the primary's address, at which nobody is here."""
    client = client_of(url)
    pool = client.connection_pool
    started = time.monotonic()
    address = pool.connection_kwargs["sentinels"].address(CONNECT_SECONDS)
    assert address == ("127.0.0.1", 7)
    return time.monotonic() - started


def waiting_at(listening: socket.socket) -> int:
    """How many have connected, of whom none was answered."""
    listening.setblocking(False)
    count = 0
    with contextlib.suppress(BlockingIOError):
        while True:
            listening.accept()[0].close()
            count += 1
    return count


class TestAsking:
    def test_one_that_hangs_is_asked_last_from_then_on(
        self, sentinels: list[SentinelProcess]
    ) -> None:
        """It costs half of what connecting may take, once."""
        sentinels[0].send(signal.SIGSTOP)
        asker = client_of(url_of(sentinels)).connection_pool.connection_kwargs["sentinels"]
        times = []
        for _ in range(3):
            started = time.monotonic()
            assert asker.address(CONNECT_SECONDS) == ("127.0.0.1", 7)
            times.append(time.monotonic() - started)
        assert CONNECT_SECONDS / 2 <= times[0] < ANSWER_SECONDS
        assert max(times[1:]) < CONNECT_SECONDS / 2

    def test_one_that_hangs_is_waited_for_by_one_client_of_a_process(
        self, sentinels: list[SentinelProcess]
    ) -> None:
        """A command has several, and a drainer four: the others begin with the one that answered,
        and learn of another primary when one of them does.
        """
        with socket.create_server(("127.0.0.1", 0)) as hung:
            port = hung.getsockname()[1]
            url = url_of(sentinels).replace("//", f"//127.0.0.1:{port},")
            for _ in range(4):
                with contextlib.suppress(*CONNECTION_LOST):
                    client_of(url).ping()
            assert waiting_at(hung) == 1

    def test_two_that_are_gone_cost_nothing(self, sentinels: list[SentinelProcess]) -> None:
        for each in sentinels[:2]:
            each.kill()
        assert asked(url_of(sentinels)) < CONNECT_SECONDS

    def test_all_that_hang_are_given_up_in_time(self, sentinels: list[SentinelProcess]) -> None:
        """As Redis away, which is what a caller of Redis expects; the next time begins with the one
        that was not asked.
        """
        for each in sentinels[:2]:
            each.send(signal.SIGSTOP)
        asker = client_of(url_of(sentinels)).connection_pool.connection_kwargs["sentinels"]
        started = time.monotonic()
        with pytest.raises(SentinelsAwayError) as caught:
            asker.address(CONNECT_SECONDS)
        assert time.monotonic() - started < 0.4
        assert isinstance(caught.value, CONNECTION_LOST)
        assert asker.address(CONNECT_SECONDS) == ("127.0.0.1", 7)

    def test_a_name_that_none_of_them_knows_is_said(self, sentinels: list[SentinelProcess]) -> None:
        """Also when others do not answer; one that does know it is believed."""
        sentinels[1].kill()
        with pytest.raises(NoSuchPrimaryError, match="no primary with the name other"):
            client_of(url_of(sentinels, "other")).ping()
        with sentinels[0].client() as client:
            client.execute_command("SENTINEL", "REMOVE", "mymaster")
        assert asked(url_of(sentinels)) < CONNECT_SECONDS

    def test_what_is_no_sentinel_is_named(self) -> None:
        """People write the port of Redis."""
        with (
            running_server(port=free_port()) as server,
            pytest.raises(SentinelsAwayError, match=f"{server.port}: unknown command"),
        ):
            client_of(f"redis+sentinel://127.0.0.1:{server.port}/mymaster").ping()

    def test_sentinels_get_credentials_of_their_own(self, tmp_path: Path) -> None:
        """Without them, what they say is part of the error."""
        process = SentinelProcess(tmp_path, 7, lines="requirepass a&b\n")
        try:
            process.start()
            url = f"redis+sentinel://:other@127.0.0.1:{process.port}/mymaster"
            with pytest.raises(SentinelsAwayError, match=r"(?i)auth"):
                client_of(url).ping()
            assert asked(f"{url}?sentinel_password=a%26b") < CONNECT_SECONDS
        finally:
            process.kill()


@pytest.fixture
def secured(tmp_path: Path) -> Iterator[str]:
    """A Sentinel and the primary that it watches, both with TLS and a password of their own. The
    URL has none of these. The shipped Valkey has no TLS.
    """
    program, openssl = shutil.which("redis-server"), shutil.which("openssl")
    if program is None or openssl is None:
        missing("redis-server or openssl is not installed (Debian: apt-get install redis-server)")
    made = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=x"
    subprocess.run(
        [
            *(openssl, *made.split(), "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", "key.pem", "-out", "cert.pem"),
        ],
        cwd=tmp_path,
        capture_output=True,
        check=True,
    )
    server, sentinel = free_port(), free_port()
    tls = (
        "port 0\ntls-cert-file cert.pem\ntls-key-file key.pem\ntls-auth-clients no\n"
        "tls-ca-cert-file cert.pem\ntls-replication yes\nbind 127.0.0.1\n"
    )
    (tmp_path / "server.conf").write_text(f"{tls}tls-port {server}\nrequirepass s@cret\nsave ''\n")
    (tmp_path / "sentinel.conf").write_text(
        f"{tls}tls-port {sentinel}\nrequirepass other\n"
        f"sentinel monitor mymaster 127.0.0.1 {server} 1\nsentinel auth-pass mymaster s@cret\n"
    )
    commands = (["server.conf"], ["sentinel.conf", "--sentinel"])
    processes = [
        subprocess.Popen([program, *each], cwd=tmp_path, stdout=subprocess.DEVNULL)
        for each in commands
    ]
    try:
        for port in (server, sentinel):
            wait_for(lambda port=port: is_listening(port), "it listens")
        yield f"rediss+sentinel://:s%40cret@127.0.0.1:{sentinel}/mymaster/2"
    finally:
        for process in processes:
            process.kill()
            process.wait()


def is_listening(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False


class TestSecured:
    def test_both_are_spoken_to_with_tls_and_get_their_own_password(
        self, secured: str, tmp_path: Path
    ) -> None:
        """And the database is the one of the URL. Who is lacking what is said."""
        whole = f"{secured}?sentinel_password=other&ssl_ca_certs={tmp_path}/cert.pem"
        client = client_of(whole)
        client.set("key", "value")
        assert client.client_info()["db"] == 2
        assert client.connection_pool.get_connection().port != 26379
        with pytest.raises(SentinelsAwayError) as caught:
            client_of(f"{secured}?sentinel_password=other").ping()
        assert "certificate that nobody here vouches for" in what_failed(caught.value)
        with pytest.raises(SentinelsAwayError, match=r"(?i)auth"):
            client_of(f"{secured}?ssl_cert_reqs=none").ping()
        with pytest.raises(AuthenticationError):
            client_of(whole.replace("s%40cret", "wrong")).ping()


class TestAfterAFailOver:
    @pytest.fixture
    def several(self) -> Iterator[Watched]:
        """A primary with two replicas."""
        with watched() as several:
            yield several

    def test_a_primary_that_comes_back_is_left(self, several: Watched) -> None:
        """It was frozen while another one was promoted, and takes writes until Sentinel tells it
        that it is a replica. Of all connections to it, only the one that noticed has lost a call.
        """
        client = connect(parse_redis_url(several.url), timeout=ANSWER_SECONDS)
        pool = client.connection_pool
        for connection in [pool.get_connection() for _ in range(5)]:
            pool.release(connection)
        first = several.primary
        brief = SlidingWindows.beside(client)
        batches = Batches(client, "return redis.call('SET', KEYS[1], 'by a batch')")
        assert brief.count([("window", "member", 10.0, 5)]) == (1,)
        assert batches.wait(batches.hand_in(["key"], [])) == b"OK"

        first.freeze()
        several.wait_for_another(first)
        _until_it_answers(client)
        first.thaw()
        assert _port(client) == several.primary.port
        for connection in [pool.get_connection() for _ in range(5)]:
            connection.send_command("SET", "key", "after")
            assert connection.read_response() == b"OK"
            assert connection.port == several.primary.port
            pool.release(connection)
        assert several.primary.client().get("key") == b"after"
        assert batches.wait(batches.hand_in(["key"], []))
        assert several.primary.client().get("key") == b"by a batch"
        batches.close()


def _port(client: Redis) -> int:
    return int(client.config_get("port")["port"])


def _until_it_answers(client: Redis) -> None:
    for _ in range(2):
        try:
            client.incr("count")
        except (RedisError, OSError):
            continue
        return
    pytest.fail("it lost two calls")
