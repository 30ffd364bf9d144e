"""Whether an event sent now would be kept, and what is degraded.

The rules are here; `/readyz` tells them to a platform, and `comethooks doctor`
(`comethooks.doctor`) to people.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from redis import Redis
from redis.exceptions import RedisError, ResponseError

from comethooks.workers.plugins.comparing import not_running
from comethooks.workers.plugins.published import WorkerPlugins, at_work
from comethooks.workers.record import ENTRY_OVERHEAD_BYTES
from comethooks.workers.settings.settings import Settings
from comethooks.workers.streams import keys
from comethooks.workers.streams.accept import refusal_word
from comethooks.workers.streams.limit import BacklogLimit
from comethooks.workers.streams.overview import Overview, overview
from comethooks.workers.texts import number_of

OLD_SECONDS = 30.0
"""The age, in seconds, from which the oldest entry of a partition is told."""


_EVICTED = {"allkeys": "kept events", "volatile": "leases and duplicate keys"}
"""What a server without memory left removes, by the first word of its `maxmemory-policy`."""
_LOST = {"everysec": "second", "no": "half minute"}
"""How much a power cut may take of what was kept, by `appendfsync`."""


@dataclass(frozen=True, slots=True)
class HealthFinding:
    """One thing that is not as it should be: a word for it, what is the case, and what to do, if
    there is anything.
    """

    what: str
    detail: str
    advice: str | None = None

    def document(self) -> dict[str, str]:
        """For JSON."""
        detail = f"{self.detail}; {self.advice}" if self.advice else self.detail
        return {"what": self.what, "detail": detail}


@dataclass(frozen=True, slots=True)
class Health:
    """What was found. It is ready when an event sent now would be kept, whatever is degraded."""

    refusing: tuple[HealthFinding, ...] = ()
    degraded: tuple[HealthFinding, ...] = ()
    overview: Overview | None = None

    @property
    def ready(self) -> bool:
        """Whether an event sent now would be kept."""
        return not self.refusing

    def document(self) -> dict[str, Any]:
        """For JSON."""
        state = self.overview
        return {
            "ready": self.ready,
            "refusing": [item.document() for item in self.refusing],
            "degraded": [item.document() for item in self.degraded],
            "drainers": None if state is None else state.drainers,
            "waiting": None if state is None else sum(item.depth for item in state.partitions),
            "backlog_bytes": None if state is None else state.backlog_bytes,
        }


@dataclass(frozen=True, slots=True)
class Server:
    """What the server said of itself. A mapping is empty where it may not be read.

    `refusal` is the word with which it refuses to write, `configuration` is what CONFIG says of the
    append-only file, and `state` is what INFO says of memory and persistence.
    """

    refusal: str | None
    configuration: Mapping[str, str]
    state: Mapping[str, Any]


def seen(client: Redis, partitions: int | None) -> Overview | None:
    """What is in Redis, or None when it does not answer."""
    try:
        return overview(client, partitions)
    except (RedisError, OSError):
        return None


def check(client: Redis, settings: Settings, journal_error: Callable[[], str | None]) -> Health:
    """Ask Redis and the journal. It takes three round trips to Redis, and less than a second when
    Redis is away.

    `journal_error` says in a word why the journal cannot be reached, or None.
    """
    try:
        server = ask(client)
        state = overview(client, settings.partitions)
        workers = at_work(client)
    except (RedisError, OSError) as error:
        return Health((HealthFinding("redis", f"Redis did not answer: {type(error).__name__}"),))
    limit = BacklogLimit(settings.max_backlog_bytes, state.maxmemory)
    degraded = [
        *server_degraded(server, limit),
        *engine_degraded(state),
        *plugins_degraded(workers),
    ]
    if failed := journal_error():
        degraded.append(
            HealthFinding("journal", f"it cannot be reached: {failed}; events are kept and wait")
        )
    return Health(tuple(_refusing(server, state, limit)), tuple(degraded), state)


def ask(client: Redis) -> Server:
    """Ask the server about itself, in one round trip. Raises redis-py's errors."""
    pipeline = client.pipeline(transaction=False)
    # The probe is never there, so this writes nothing. But Redis looks first whether it may write,
    # and refuses where it is read-only or its disk or memory is full.
    pipeline.set(keys.PROBE, 1, xx=True)
    pipeline.config_get("append*")
    pipeline.info("memory", "persistence")
    write, configuration, state = pipeline.execute(raise_on_error=False)
    return Server(
        refusal=refusal_word(write) if isinstance(write, ResponseError) else None,
        configuration=_texts(configuration) if isinstance(configuration, dict) else {},
        state=state if isinstance(state, dict) else {},
    )


def _texts(values: Mapping[Any, Any]) -> dict[str, str]:
    return {
        key.decode() if isinstance(key, bytes) else str(key): (
            value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
        )
        for key, value in values.items()
    }


def _refusing(server: Server, state: Overview, limit: BacklogLimit) -> Iterator[HealthFinding]:
    if server.refusal:
        yield HealthFinding("redis", f"Redis refuses to write: {server.refusal}")
    elif state.backlog_bytes + ENTRY_OVERHEAD_BYTES >= limit.bytes:
        wait = number_of(state.backlog_bytes, "byte waits", "bytes wait")
        yield HealthFinding("backlog", f"{wait}; {limit.sentence}")


def server_degraded(server: Server, limit: BacklogLimit) -> Iterator[HealthFinding]:
    """What of the server's settings is not as it should be."""
    if not limit.fits:
        yield HealthFinding("maxmemory", limit.misfit)
    policy = str(server.state.get("maxmemory_policy", "noeviction"))
    if limit.maxmemory and policy != "noeviction":
        removed = _EVICTED.get(policy.split("-")[0], "keys")
        yield HealthFinding(
            "eviction",
            f"maxmemory-policy is {policy}: without memory left, Redis removes {removed}",
            "set maxmemory-policy noeviction",
        )
    policy = server.configuration.get("appendfsync", "always")
    if server.configuration.get("appendonly") == "no" or server.state.get("aof_enabled") == 0:
        yield HealthFinding(
            "appendonly", "it is off: what was kept is lost when Redis ends", "set appendonly yes"
        )
    elif policy != "always":
        yield HealthFinding(
            "appendfsync",
            f"it is {policy}: a power cut may take what the last {_LOST[policy]} brought",
            "set always",
        )


def engine_degraded(state: Overview) -> Iterator[HealthFinding]:
    """What keeps events or retries waiting."""
    start = "start `comethooks worker`"
    if not state.drainers:
        yield HealthFinding("drainers", "none is alive: events are kept and wait", start)
    if state.undrained:
        yield HealthFinding(
            "leases", f"no drainer has the partitions {', '.join(map(str, state.undrained))}"
        )
    if state.emptying:
        left = number_of(state.left, "entry is", "entries are")
        yield HealthFinding(
            "partitions", f"{left} left in the old ones; then the new ones are drained"
        )
    oldest = max((item.oldest_age_s or 0.0 for item in state.partitions), default=0.0)
    if oldest > OLD_SECONDS:
        yield HealthFinding(
            "age", f"the oldest event waits for {number_of(round(oldest), 'second')}"
        )
    if not state.scheduler_leads:
        yield HealthFinding("scheduler", "none leads: retries wait and nothing is deleted", start)
    elif not state.scheduler_works:
        yield HealthFinding(
            "scheduler",
            "it has done nothing for a minute: retries wait and nothing is deleted",
            "its log says why",
        )


def plugins_degraded(workers: Sequence[WorkerPlugins]) -> Iterator[HealthFinding]:
    """Which plugins get nothing, or are not the same everywhere. The text of an error is not told
    here: it may hold anything.
    """
    if sentences := list(not_running(workers)):
        yield HealthFinding("plugins", ", ".join(sentences), "see: comethooks plugins list")
