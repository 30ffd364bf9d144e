"""Sentinels, which are asked where the primary is: once for each connection to it.

redis-py has a client for them, which does not fit here. It waits for each Sentinel as long as for
Redis, so three that hang would make a webhook wait three times. It asks for a list of everything,
where the new primary stands only when the last replica follows it, and not for the address, which
is the new one as soon as that was promoted. And a call that is interrupted, as one of a handler
that takes too long, leaves its answer in the connection to whoever calls next.
"""

import time
from typing import Any

from redis.connection import Connection, SSLConnection, parse_url
from redis.exceptions import ConnectionError, RedisError

from comethooks.workers.settings.addresses import host_and_port
from comethooks.workers.settings.sentinel_urls import SentinelUrl

Address = tuple[str, int]


class SentinelsAwayError(ConnectionError):
    """No Sentinel said where the primary is, in time."""


class NoSuchPrimaryError(ConnectionError):
    """The Sentinels that answer know no primary of that name."""


class Sentinels:
    """The Sentinels of one primary. Threads and processes may share it: nothing stays open."""

    def __init__(self, url: SentinelUrl) -> None:
        """Of the options of connections to the primary, those of TLS hold for Sentinels too."""
        options: dict[str, Any] = parse_url(url.server_url)  # type: ignore[no-untyped-call]
        self.name = url.name
        self._hosts = url.hosts
        self._first = 0
        """Which one is asked first: one that answered, if there is one."""
        self._known: Address | None = None
        tls = url.scheme == "rediss"
        self._class: type[Connection] = SSLConnection if tls else Connection
        self._options: dict[str, Any] = {
            **{name: value for name, value in options.items() if name.startswith("ssl_")},
            "username": url.sentinel_username,
            "password": url.sentinel_password,
            "protocol": 2,
            "driver_info": None,
        }

    def address(self, seconds: float) -> Address:
        """Where the primary is. Takes no longer than `seconds`, or half of it more; those that did
        not answer are asked last the next time.

        Raises `SentinelsAwayError`, and `NoSuchPrimaryError` when some answer and none knows it.
        """
        until = time.monotonic() + seconds
        first, count = self._first, len(self._hosts)
        answered, silence = False, None
        reason = ""
        for number in (each % count for each in range(first, first + count)):
            try:
                found = self.ask("GET-MASTER-ADDR-BY-NAME", self.name, of=number, seconds=seconds)
            except (RedisError, OSError) as error:
                silence = error
                reason = f"{host_and_port(*self._hosts[number])}: {error}"
            else:
                if found:
                    self._first = number
                    self._known = found[0].decode(), int(found[1])
                    return self._known
                answered = True
            self._first = (number + 1) % count
            if time.monotonic() >= until:
                break
        if answered:
            raise NoSuchPrimaryError(
                f"Sentinel knows no primary with the name {self.name}; write the one that"
                " `sentinel monitor` has"
            )
        # The cause tells of a certificate that nobody vouches for.
        raise SentinelsAwayError(f"no Sentinel says where {self.name} is; {reason}") from silence

    def has_moved(self, address: Address) -> bool:
        """Whether the primary was somewhere else when it was asked for last."""
        return self._known not in (None, address)

    def ask(self, *command: str, of: int, seconds: float) -> Any:
        """What one of the Sentinels, by its place in the URL, says to `SENTINEL …`. Connecting and
        answering may take half of `seconds` each. Raises redis-py's errors.
        """
        host, port = self._hosts[of]
        limits: dict[str, Any] = {
            "socket_connect_timeout": seconds / 2,
            "socket_timeout": seconds / 2,
        }
        connection: Any = self._class(host=host, port=port, **limits, **self._options)
        try:
            connection.connect()
            connection.send_command("SENTINEL", *command)
            return connection.read_response()
        finally:
            connection.disconnect()


class AsksSentinels:
    """A connection to whatever server is the primary when it is made."""

    def __init__(self, *, sentinels: Sentinels, **options: Any) -> None:
        self._sentinels = sentinels
        super().__init__(**options)

    def connect(self) -> None:
        """Connect, if it is not. One to a server that was the primary before is left: it may not
        know yet that it is none any more.
        """
        connection: Any = self
        if connection.is_connected and self._sentinels.has_moved(
            (connection.host, connection.port)
        ):
            connection.disconnect()
        super().connect()  # type: ignore[misc]

    def _connect(self) -> Any:
        connection: Any = self
        connection.host, connection.port = self._sentinels.address(
            connection.socket_connect_timeout
        )
        return super()._connect()  # type: ignore[misc]
