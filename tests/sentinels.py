"""A primary, replicas of it, and Sentinels that watch them: everything by the program that a test
has for its Redis.
"""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from comethooks.workers.supervision.server_program import find_server
from tests.folders import server_folder
from tests.redis_server import RedisServer, running_server
from tests.scenarios.stack import free_port
from tests.waiting import wait_for

NAME = "mymaster"
DOWN_AFTER_MS = 1500
"""After so long without an answer, a Sentinel takes a server for down. With less than it takes to
connect to the one that was promoted, it takes that for down, too, and has another one promoted.
"""
STAGGER_MS = 300
"""How much later each further Sentinel does. If all do at once, two may get a majority, in epochs
that follow each other, and promote two.
"""


class SentinelProcess:
    """One Sentinel, in a folder of its own: it writes into its configuration."""

    def __init__(
        self, directory: Path, primary: int, *, down_after: int = DOWN_AFTER_MS, lines: str = ""
    ) -> None:
        self.port = free_port()
        self._file = directory / "sentinel.conf"
        self._file.write_text(
            f"port {self.port}\nbind 127.0.0.1\ndir {directory}\n"
            f"sentinel monitor {NAME} 127.0.0.1 {primary} 2\n"
            f"sentinel down-after-milliseconds {NAME} {down_after}\n"
            f"sentinel failover-timeout {NAME} 6000\n"
            f"sentinel parallel-syncs {NAME} 2\n{lines}"
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and return once it answers."""
        command = [find_server(None).path, str(self._file), "--sentinel"]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        wait_for(self._listens, "the Sentinel listens")

    def send(self, signum: int) -> None:
        """Send it a signal."""
        assert self._process
        self._process.send_signal(signum)

    def kill(self) -> None:
        """End it at once."""
        if self._process is not None:
            self.send(signal.SIGCONT)
            self.send(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def client(self) -> Redis:
        """A client that nobody shares."""
        return Redis(port=self.port, decode_responses=True, retry=Retry(NoBackoff(), 0))

    def _listens(self) -> bool:
        try:
            with self.client() as client:
                client.ping()
        except RedisError as error:
            return "auth" in str(error).lower()
        return True


class Watched:
    """Servers of which one is the primary, and the Sentinels that see to it that there is one."""

    def __init__(self, servers: list[RedisServer], sentinels: list[SentinelProcess]) -> None:
        self.servers = servers
        self.sentinels = sentinels
        hosts = ",".join(f"127.0.0.1:{each.port}" for each in sentinels)
        self.url = f"redis+sentinel://{hosts}/{NAME}"

    @property
    def primary(self) -> RedisServer:
        """Whom the last Sentinel takes for the primary."""
        port = self._port()
        return next(server for server in self.servers if server.port == port)

    def wait_for_another(self, than: RedisServer) -> float:
        """Return once every Sentinel names another primary: the seconds that it took."""
        return wait_for(
            lambda: all(self._port(number) != than.port for number in range(len(self.sentinels))),
            "another primary is named",
        )

    def wait_until_followed(self, by: int) -> None:
        """Return once no Sentinel promotes anybody, and so many others follow the primary and have
        what it has.
        """
        wait_for(lambda: all(map(self._is_at_rest, self.sentinels)), "nobody is being promoted")
        wait_for(lambda: self._following() >= by, f"{by} others follow the primary")

    def wait_until_complete(self) -> None:
        """Return once all other servers follow the primary and have what it has, and all Sentinels
        know of each other and of all of them.
        """
        self.wait_until_followed(len(self.servers) - 1)
        wait_for(lambda: all(map(self._knows_all, self.sentinels)), "every Sentinel knows of all")

    def _following(self) -> int:
        """How many have said that they have what the primary was told last. That they are told to
        be online says that they were sent all of its data once, which they may be loading.
        """
        try:
            with self.primary.client() as client:
                client.incr("probe of the tests")
                return int(client.wait(len(self.servers) - 1, 200))
        except RedisError:
            return -1

    def _port(self, number: int = -1) -> int:
        with self.sentinels[number].client() as client:
            return int(client.execute_command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME)[1])

    def _is_at_rest(self, sentinel: SentinelProcess) -> bool:
        with sentinel.client() as client:
            return bool(client.sentinel_master(NAME)["flags"] == "master")

    def _knows_all(self, sentinel: SentinelProcess) -> bool:
        with sentinel.client() as client:
            said = client.sentinel_master(NAME)
            replicas = client.sentinel_slaves(NAME)
        well = [each for each in replicas if not each["is_sdown"] and not each["is_disconnected"]]
        return (
            said["num-other-sentinels"] == len(self.sentinels) - 1
            and len(well) == len(self.servers) - 1
            and said["flags"] == "master"
        )


@contextmanager
def watched(
    replicas: int = 2, sentinels: int = 3, *, complete: bool = True, **options: str
) -> Iterator[Watched]:
    """So many replicas of a primary, and so many Sentinels, until the block is left. `options` are
    those of all servers. Unless it is to be `complete`, they may yet have to find each other.
    """
    given = {name.replace("_", "-"): value for name, value in options.items()}
    given = {"repl-diskless-sync-delay": "0", "repl-ping-replica-period": "1", **given}
    with ExitStack() as stack:
        servers = [
            stack.enter_context(running_server(port=free_port(), options=given))
            for _ in range(replicas + 1)
        ]
        for server in servers[1:]:
            server.follow(servers[0].port)
        processes = [
            SentinelProcess(
                stack.enter_context(server_folder("ch-")),
                servers[0].port,
                down_after=DOWN_AFTER_MS + number * STAGGER_MS,
            )
            for number in range(sentinels)
        ]
        for process in processes:
            stack.callback(process.kill)
            process.start()
        all_of_them = Watched(servers, processes)
        if complete:
            all_of_them.wait_until_complete()
        yield all_of_them
