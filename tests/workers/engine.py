"""Small parts for tests of the engine: records, handlers, and a lease that is ours."""

import json
import threading
from collections.abc import Callable
from typing import Any, cast

from redis import Redis

from comethooks.workers.clock import now_ms
from comethooks.workers.drain.items import Item, Partition
from comethooks.workers.handlers.outside import Services
from comethooks.workers.ids import new_id
from comethooks.workers.plugins.config import Config
from comethooks.workers.plugins.handler import Handler
from comethooks.workers.plugins.loaded import BoundHandler
from comethooks.workers.plugins.retry import Retry
from comethooks.workers.record import FORMAT, Kind, Record, cost, encode_meta
from comethooks.workers.streams import keys
from comethooks.workers.streams.connections import connect
from tests.scenarios.stack import message

LEASE = "1|host|boot|1"


class Gate:
    """A handler that waits until it is let through."""

    def __init__(self) -> None:
        self._started = threading.Event()
        self._open = threading.Event()

    def __call__(self, *_: Any) -> None:
        self._started.set()
        self._open.wait(30)

    def wait_until_started(self) -> None:
        """Return once a run waits here."""
        assert self._started.wait(10)

    def open(self) -> None:
        """Let all runs through, now and later."""
        self._open.set()


def handler(
    function: Callable[..., Any],
    name: str = "plugin.handler",
    *,
    retry: Retry | None = None,
    timeout: float = 30.0,
    version: str = "1.0",
    ordered: bool = False,
    of: Handler | None = None,
) -> BoundHandler:
    """A handler that runs `function`, for what another one is registered for or for everything."""
    made = Handler(
        id=name,
        plugin=name.partition(".")[0],
        function=function,
        patterns=of.patterns if of else ("*",),
        where="test.py:1",
        retry=retry,
        ordered=ordered,
        filters=of.filters if of else (),
    )
    return BoundHandler(made, Config("plugin", {}), timeout, version)


def record(conversation: int = 1, number: int = 1, **changes: Any) -> Record:
    """An event as the endpoint would keep it."""
    values: dict[str, Any] = {
        "kind": Kind.EVENT,
        "id": new_id(),
        "received_at": 1_800_000_000_000 + number,
        "trigger": "message_sent",
        "name": "message.sent",
        "app_id": "app1",
        "conversation_id": f"group_room{conversation}",
        "key": f"group_room{conversation}",
        "body": json.dumps(message(conversation, number)).encode(),
    }
    return Record(**{**values, **changes})


def partition(client: Redis, number: int = 0, lease: str = LEASE) -> Partition:
    """A partition whose lease is held under the value `lease`."""
    client.set(keys.lease(number), lease)
    return Partition(number, lease, marks={})


def append(client: Redis, held: Partition, kept: Record) -> Item:
    """Put a record into the partition's stream; the item that a drainer would make of it."""
    fields: dict[Any, Any] = {
        b"v": FORMAT,
        b"k": str(kept.kind),
        b"m": encode_meta(kept),
        b"b": kept.body,
    }
    entry = client.xadd(keys.stream(held.number), fields).decode()  # type: ignore[union-attr]
    client.incrby(keys.BACKLOG, cost(fields))
    return Item(held, entry, kept, cost(fields))


def clients(url: str) -> tuple[Redis, Redis]:
    """One client to look with, and one for the part under test."""
    return connect(url), connect(url)


def services(clock: Callable[[], int] = now_ms) -> Services:
    """Services that reach nothing: for handlers that have no effects."""

    def nothing(*_: Any, **__: Any) -> Any:
        raise AssertionError("this handler was to have no effects")

    return Services(connect=nothing, once_keys=cast(Any, None), emit=nothing, clock=clock)
