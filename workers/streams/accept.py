"""Keeping requests: the one call between a webhook and its 200."""

from dataclasses import dataclass
from typing import Any, Self, cast
from uuid import UUID

from redis import Redis
from redis.exceptions import RedisError

from comethooks.workers.record import (
    ENTRY_OVERHEAD_BYTES,
    FORMAT,
    Kind,
    Record,
    encode_decision,
    encode_meta,
)
from comethooks.workers.settings.settings import Settings
from comethooks.workers.states import DecisionAction
from comethooks.workers.streams import keys
from comethooks.workers.streams.accepted import (
    DETAILS_SECONDS,
    TIMELESS_WINDOW_SECONDS,
    Accepted,
    BacklogFullError,
    NotKeptError,
)
from comethooks.workers.streams.batches import Batches, ScriptCall
from comethooks.workers.streams.breaker import Breaker
from comethooks.workers.streams.connections import CONNECTION_LOST, connect
from comethooks.workers.streams.heard import heard_app
from comethooks.workers.streams.layout import DEFAULT_COUNT, Layout
from comethooks.workers.streams.limit import BacklogLimit, KnownLimit
from comethooks.workers.streams.refusals import what_failed
from comethooks.workers.streams.scripts import entry_scripts
from comethooks.workers.streams.servers.replicas import Confirming, TooFewReplicasError

_LAYOUTS_FOLLOWED = 3

DUPLICATE_SHARDS = 8192
"""Into how many hashes a bucket of duplicate keys is split. Up to a million keys, each hash stays
in Redis' compact encoding.
"""
_ID_BYTES = 16
_VERDICTS = {DecisionAction.ALLOW: b"a", DecisionAction.DROP: b"d", DecisionAction.ANNOTATE: b"n"}
"""What stands behind the id of an event that was decided on, for its repeats."""
_ACTIONS = {verdict: action for action, verdict in _VERDICTS.items()}


@dataclass(frozen=True, slots=True)
class Append:
    """A request on its way to the server: what it is called with, and what may wait there."""

    item: Record
    arguments: tuple[Any, ...]
    limit: BacklogLimit
    call: ScriptCall
    details: bytes

    @property
    def has_failed(self) -> bool:
        """Whether it is known already that the server did not answer, or refused."""
        return self.call.has_failed


class Streams:
    """Appends requests to the partitions' streams. Threads may share it."""

    def __init__(
        self,
        client: Redis,
        *,
        partitions: int | None,
        duplicate_window: int,
        max_backlog_bytes: int,
        replicas: int = 0,
        repeats: bool = True,
    ) -> None:
        """`replicas` have to have a request before it is kept. Without `repeats` one whose answer
        is lost is not tried again.
        """
        self.client = client
        self._layout = Layout(partitions or DEFAULT_COUNT)
        self._duplicate_window = duplicate_window
        self._limit = KnownLimit(client, max_backlog_bytes)
        confirming = Confirming(replicas, keys.BACKLOG) if replicas else None
        self._batches = Batches(client, entry_scripts.ACCEPT, confirming, repeats=repeats)

    @classmethod
    def open(cls, settings: Settings, *, timeout: float = 0.3, repeats: bool = True) -> Self:
        """Streams for a process that somebody waits for: each attempt ends within 0.4 seconds, or
        0.1 seconds after another `timeout`.
        """
        return cls(
            connect(settings.redis_url, connect_timeout=0.1, timeout=timeout),
            partitions=settings.partitions,
            duplicate_window=settings.duplicate_window,
            max_backlog_bytes=settings.max_backlog_bytes,
            replicas=settings.redis_replicas,
            repeats=repeats,
        )

    @property
    def breaker(self) -> Breaker:
        """Whether it is worth waiting for Redis."""
        return self._batches.breaker

    def accept(
        self, record: Record, *, duplicate_key: bytes, has_time: bool, details: bytes = b""
    ) -> Accepted:
        """Keep an event. When it repeats another one, keep only that this one came again.

        When this returns, the server has confirmed it. `duplicate_key` is sixteen bytes. `has_time`
        says whether the event has a time of its own, which decides how long it is remembered. Of
        one that was decided on, its repeats get the decision and the `details`, of which nothing
        else is known here. Raises `NotKeptError` when the event may not be kept.
        """
        begun = self.begin(record, duplicate_key=duplicate_key, has_time=has_time, details=details)
        return self.finish(begun)

    def keep(self, record: Record) -> None:
        """Keep a refused request. Raises `NotKeptError` when it may not be kept."""
        self.finish(self.begin(record))

    def begin(
        self,
        record: Record,
        *,
        duplicate_key: bytes = b"",
        has_time: bool = False,
        details: bytes = b"",
    ) -> Append:
        """Begin to keep a request; `finish` has to follow. What has begun until somebody waits goes
        to the server in one batch. An empty `duplicate_key` is for what repeats nothing.
        """
        window = self._duplicate_window if has_time else TIMELESS_WINDOW_SECONDS
        limit = self._limit.current
        arguments = (
            UUID(record.id).bytes,
            duplicate_key,
            window,
            _buckets(window),
            _shard(duplicate_key),
            limit.bytes,
            ENTRY_OVERHEAD_BYTES,
            FORMAT,
            record.kind.value,
            encode_meta(record),
            record.body,
            heard_app(record),
            record.received_at,
            *_decided(record, details),
        )
        return Append(record, arguments, limit, self._hand_in(record, arguments), details)

    def finish(self, begun: Append) -> Accepted:
        """Wait until the server has confirmed a request. Raises `NotKeptError` when it may not be
        kept.
        """
        outcome, detail, *details = self._in_layout(begun)
        # After the append: a server that does not answer would otherwise be waited for twice, and
        # the sender does not wait that long.
        self._limit.refresh()
        if outcome == b"full":
            raise BacklogFullError(f"the backlog is full: {begun.limit.sentence}")
        if outcome == b"fresh":
            if detail != begun.arguments[0]:
                self._batches.doubt()
                raise NotKeptError("Redis gave the answer to another call")
            item = begun.item
            return Accepted(item.id, duplicate=False, decision=item.decision, details=begun.details)
        return Accepted(
            str(UUID(bytes=detail[:_ID_BYTES])),
            duplicate=begun.item.kind is Kind.EVENT,
            decision=_ACTIONS.get(detail[_ID_BYTES:]),
            details=b"".join(details),
        )

    def has_room(self, size: int) -> bool:
        """Whether so many bytes more may wait, as far as is known now. Raises redis-py's errors."""
        waiting = cast(bytes | None, self.client.get(keys.BACKLOG))
        return int(waiting or 0) + size <= self._limit.current.bytes

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
            raise NotKeptError(f"Redis {what_failed(error)}") from None

    def close(self) -> None:
        """Close the connections."""
        self._batches.close()
        self.client.close()

    def _in_layout(self, begun: Append) -> list[bytes]:
        """Append in the layout that is in force. In another one the script appends nothing, and its
        answer names the one in force.
        """
        answer = self._wait(begun.call)
        for _ in range(_LAYOUTS_FOLLOWED):
            if answer[0] != b"partitions":
                return answer
            self._layout = Layout.parse(answer[1])
            answer = self._wait(self._hand_in(begun.item, begun.arguments))
        raise NotKeptError("the partitions change again and again")

    def _hand_in(self, item: Record, arguments: tuple[Any, ...]) -> ScriptCall:
        layout = self._layout
        stream = keys.stream(layout.partition_of(item.app_id, item.key or item.id))
        return self._batches.hand_in(
            (stream, keys.BACKLOG, keys.PARTITIONS, keys.HEARD), (str(layout), *arguments)
        )

    def _wait(self, call: ScriptCall) -> list[bytes]:
        try:
            answer: list[bytes] = self._batches.wait(call)
        except TooFewReplicasError as error:
            raise NotKeptError(f"Redis {error}", may_be_kept=True) from None
        except (RedisError, OSError) as error:
            reason = f"Redis {what_failed(error, entry_scripts.ACCEPT)}"
            lost = isinstance(error, CONNECTION_LOST)
            raise NotKeptError(reason, may_be_kept=lost) from None
        return answer


def _decided(record: Record, details: bytes) -> tuple[Any, ...]:
    """What the script is called with for a message that was decided on, beside what it is for
    others.
    """
    if record.decision is None:
        return ()
    return _VERDICTS[record.decision], encode_decision(record), details, DETAILS_SECONDS


def _buckets(window: int) -> str:
    """How the names begin of the hashes that hold the duplicate keys of this window."""
    return f"{keys.DUPLICATES}:{window}:"


def _shard(duplicate_key: bytes) -> int:
    return int.from_bytes(duplicate_key[:4], "big") % DUPLICATE_SHARDS
