"""Keeping requests: the one call between a webhook and its 200."""

from typing import Any, Self
from uuid import UUID

from redis import Redis
from redis.exceptions import RedisError, ResponseError

from comethooks.workers import record
from comethooks.workers.record import Kind, Record
from comethooks.workers.settings.settings import Settings
from comethooks.workers.streams import keys, scripts
from comethooks.workers.streams.accepted import (
    TIMELESS_WINDOW_SECONDS,
    Accepted,
    NotKeptError,
)
from comethooks.workers.streams.connections import CONNECTION_LOST, connect
from comethooks.workers.streams.layout import DEFAULT_COUNT, Layout
from comethooks.workers.streams.limit import KnownLimit

_LAYOUTS_TRIED = 3

DUPLICATE_SHARDS = 8192
"""Into how many hashes a bucket of duplicate keys is split. Up to a million keys, each hash stays
in Redis' compact encoding.
"""


def refusal_word(error: ResponseError) -> str:
    """The code of an error reply, such as MISCONF or WRONGTYPE. Where redis-py has a class of its
    own for it, and has cut the code off, the name of the class.
    """
    return str(error).split(" ", 1)[0] if type(error) is ResponseError else type(error).__name__


class Streams:
    """Appends requests to the partitions' streams. Threads may share it."""

    def __init__(
        self,
        client: Redis,
        *,
        partitions: int | None,
        duplicate_window: int,
        max_backlog_bytes: int,
    ) -> None:
        self.client = client
        self._layout = Layout(partitions or DEFAULT_COUNT)
        self._duplicate_window = duplicate_window
        self._limit = KnownLimit(client, max_backlog_bytes)
        self._accept = client.register_script(scripts.ACCEPT)

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """Streams for a process that somebody waits for: each attempt ends within 0.4 seconds."""
        return cls(
            connect(settings.redis_url, connect_timeout=0.1, timeout=0.3),
            partitions=settings.partitions,
            duplicate_window=settings.duplicate_window,
            max_backlog_bytes=settings.max_backlog_bytes,
        )

    def accept(self, record: Record, *, duplicate_key: bytes, has_time: bool) -> Accepted:
        """Keep an event. When it repeats another one, keep only that this one came again.

        When this returns, the server has confirmed it. `duplicate_key` is sixteen bytes. `has_time`
        says whether a time of occurrence is part of it, which decides how long it is remembered.
        Raises `NotKeptError` when the event may not be kept.
        """
        window = self._duplicate_window if has_time else TIMELESS_WINDOW_SECONDS
        return self._append(record, duplicate_key, window)

    def knows(self, duplicate_key: bytes) -> bool:
        """Whether an event with this key, which holds a time, was kept recently. Raises
        `NotKeptError`.
        """
        window = self._duplicate_window
        try:
            now, _ = self.client.time()
            pipeline = self.client.pipeline(transaction=False)
            for age in (0, 1):
                bucket = f"{_buckets(window)}{now // window - age}:{_shard(duplicate_key)}"
                pipeline.hexists(bucket, duplicate_key)
            return any(pipeline.execute())
        except (RedisError, OSError) as error:
            raise NotKeptError(f"Redis did not answer: {type(error).__name__}") from None

    def keep(self, record: Record) -> None:
        """Keep a refused request. Raises `NotKeptError` when it may not be kept."""
        self._append(record, b"", 1)

    def close(self) -> None:
        """Close the connections."""
        self.client.close()

    def _append(self, item: Record, duplicate_key: bytes, window: int) -> Accepted:
        limit = self._limit.current
        arguments: list[Any] = [
            UUID(item.id).bytes,
            duplicate_key,
            window,
            _buckets(window),
            _shard(duplicate_key),
            limit.bytes,
            record.ENTRY_OVERHEAD_BYTES,
            record.FORMAT,
            str(item.kind),
            record.encode_meta(item),
            item.body,
        ]
        outcome, detail = self._in_layout(item, arguments)
        # After the append: a server that does not answer would otherwise be waited for twice, and
        # the sender does not wait that long.
        self._limit.refresh()
        if outcome == b"full":
            raise NotKeptError(f"the backlog is full: {limit.sentence}")
        return Accepted(
            str(UUID(bytes=detail)), duplicate=item.kind is Kind.EVENT and outcome == b"duplicate"
        )

    def _in_layout(self, item: Record, arguments: list[Any]) -> tuple[bytes, bytes]:
        """Append in the layout that is in force. In another one the script appends nothing, and its
        answer names the one in force.
        """
        for _ in range(_LAYOUTS_TRIED):
            layout = self._layout
            stream = keys.stream(layout.partition_of(item.app_id, item.key or item.id))
            outcome, detail = self._call(
                [stream, keys.BACKLOG, keys.PARTITIONS], [str(layout), *arguments]
            )
            if outcome != b"partitions":
                return outcome, detail
            self._layout = Layout.parse(detail)
        raise NotKeptError("the partitions change again and again")

    def _call(self, script_keys: list[str], arguments: list[Any]) -> tuple[bytes, bytes]:
        try:
            try:
                return self._run(script_keys, arguments)
            except CONNECTION_LOST:
                # The answer is lost, the append perhaps not. The script recognises the id, so the
                # repeat is harmless; one more would be too late for the sender.
                return self._run(script_keys, arguments)
        except ResponseError as error:
            raise NotKeptError(f"Redis refused: {refusal_word(error)}") from None
        except (RedisError, OSError) as error:
            raise NotKeptError(f"Redis did not answer: {type(error).__name__}") from None

    def _run(self, script_keys: list[str], arguments: list[Any]) -> tuple[bytes, bytes]:
        outcome, detail = self._accept(keys=script_keys, args=arguments)
        return outcome, detail


def _buckets(window: int) -> str:
    """How the names begin of the hashes that hold the duplicate keys of this window."""
    return f"{keys.DUPLICATES}:{window}:"


def _shard(duplicate_key: bytes) -> int:
    return int.from_bytes(duplicate_key[:4], "big") % DUPLICATE_SHARDS
