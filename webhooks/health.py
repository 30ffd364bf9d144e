"""Whether an event sent now would be kept, and what is degraded."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from redis import Redis
from redis.exceptions import RedisError, ResponseError

from workers import keys
from workers.limit import BacklogLimit
from workers.overview import Overview, overview
from workers.record import ENTRY_OVERHEAD_BYTES
from workers.settings import Settings
from workers.streams import refusal_word

OLD_SECONDS = 30.0
"""Age from which the oldest entry of a partition is worth a word."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: a word for it, and what to do."""

    what: str
    detail: str


@dataclass(frozen=True, slots=True)
class Health:
    """Ready means that an event sent now would be kept; what is degraded does not change that."""

    refusing: tuple[Finding, ...] = ()
    degraded: tuple[Finding, ...] = ()
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
            "refusing": [{"what": item.what, "detail": item.detail} for item in self.refusing],
            "degraded": [{"what": item.what, "detail": item.detail} for item in self.degraded],
            "drainers": None if state is None else state.drainers,
            "waiting": None if state is None else sum(item.depth for item in state.partitions),
            "backlog_bytes": None if state is None else state.backlog_bytes,
        }


@dataclass(frozen=True, slots=True)
class _Server:
    """What the server said when asked about itself. `configuration` is empty where it may not be read."""

    refusal: str | None
    configuration: Mapping[str, str]


def seen(client: Redis, partitions: int | None) -> Overview | None:
    """What is in Redis, or None when it does not answer."""
    try:
        return overview(client, partitions)
    except (RedisError, OSError):
        return None


def check(client: Redis, settings: Settings, journal_error: Callable[[], str | None]) -> Health:
    """Ask Redis and the journal. Takes three round trips to Redis, and less than a second when it is away.

    `journal_error` says in one word why the journal cannot be reached, or None.
    """
    try:
        server = _ask(client)
        state = overview(client, settings.partitions)
    except (RedisError, OSError) as error:
        return Health((Finding("redis", f"Redis did not answer: {type(error).__name__}"),))
    limit = BacklogLimit(settings.max_backlog_bytes, state.maxmemory)
    degraded = [*_server_degraded(server, limit), *_engine_degraded(state)]
    if failed := journal_error():
        degraded.append(Finding("journal", f"it cannot be reached: {failed}; events are kept and wait"))
    return Health(tuple(_refusing(server, state, limit)), tuple(degraded), state)


def _ask(client: Redis) -> _Server:
    pipeline = client.pipeline(transaction=False)
    # Redis looks whether it may write (read-only, disk or memory full) before it finds nothing to write.
    pipeline.set(keys.PROBE, 1, xx=True)
    pipeline.config_get("append*")
    write, configuration = pipeline.execute(raise_on_error=False)
    return _Server(
        refusal=refusal_word(write) if isinstance(write, ResponseError) else None,
        configuration=_texts(configuration) if isinstance(configuration, dict) else {},
    )


def _texts(values: Mapping[Any, Any]) -> dict[str, str]:
    return {
        key.decode() if isinstance(key, bytes) else str(key): (
            value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
        )
        for key, value in values.items()
    }


def _refusing(server: _Server, state: Overview, limit: BacklogLimit) -> Iterator[Finding]:
    if server.refusal:
        yield Finding("redis", f"Redis refuses to write: {server.refusal}")
    elif state.backlog_bytes + ENTRY_OVERHEAD_BYTES >= limit.bytes:
        yield Finding("backlog", f"{state.backlog_bytes} bytes wait; {limit.sentence}")


def _server_degraded(server: _Server, limit: BacklogLimit) -> Iterator[Finding]:
    if not limit.fits:
        yield Finding("maxmemory", limit.misfit)
    if server.configuration.get("appendonly", "yes") == "no":
        yield Finding("appendonly", "it is off: what was kept is lost when Redis ends; set appendonly yes")
    elif server.configuration.get("appendfsync", "always") != "always":
        policy = server.configuration["appendfsync"]
        yield Finding("appendfsync", f"it is {policy}: a power cut may lose what was just kept; set always")


def _engine_degraded(state: Overview) -> Iterator[Finding]:
    if not state.drainers:
        yield Finding("drainers", "none is alive: events are kept and wait; start `comethooks worker`")
    if state.undrained:
        yield Finding("leases", f"no drainer has the partitions {', '.join(map(str, state.undrained))}")
    if state.emptying:
        waiting = sum(item.depth for item in state.partitions if item.number in state.emptying.numbers)
        yield Finding(
            "partitions", f"{waiting} entries are left in the old ones; then the new ones are drained"
        )
    oldest = max((item.oldest_age_s or 0.0 for item in state.partitions), default=0.0)
    if oldest > OLD_SECONDS:
        yield Finding("age", f"the oldest event waits for {oldest:.0f} seconds")
    if not state.scheduler_leads:
        text = "none leads: retries wait and nothing is deleted; start `comethooks worker`"
        yield Finding("scheduler", text)
    elif not state.scheduler_works:
        text = "it has done nothing for a minute: retries wait and nothing is deleted; its log says why"
        yield Finding("scheduler", text)
