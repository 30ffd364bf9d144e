"""Whether an event sent now would be kept, and what is degraded.

The rules are here; `/readyz` tells them to a platform, and `comethooks doctor`
(`comethooks.doctor`) to people.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from redis import Redis
from redis.client import Pipeline
from redis.exceptions import RedisError, ResponseError

from comethooks.webhooks.journal_probe import JournalProbe
from comethooks.workers.plugins.comparing import WEB_PROCESSES, not_running, resting
from comethooks.workers.plugins.published import WorkerPlugins, at_web, at_work
from comethooks.workers.record import ENTRY_OVERHEAD_BYTES
from comethooks.workers.settings.settings import NAMES, Settings
from comethooks.workers.streams import keys
from comethooks.workers.streams.connections import NoPrimaryError
from comethooks.workers.streams.durability import ALLOWED_LOSS_ADVICE, LOSES, LOSS_ADVICE, appends
from comethooks.workers.streams.limit import BacklogLimit
from comethooks.workers.streams.overview import Overview, overview
from comethooks.workers.streams.owner import ADVICE, OTHERS, owner_of
from comethooks.workers.streams.refusals import ErrorReply, refusal_of, what_failed
from comethooks.workers.streams.rights import why_not_accepted
from comethooks.workers.texts import number_of

APPENDONLY = "appendonly"
"""The word for a server that keeps nothing when it ends. Events are accepted all the same, since
nobody would send them again, but it is not ready.
"""
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
    spool: Mapping[str, int] | None = None
    """What waits in the spool of this host; None where it was never used."""

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
            "spool": self.spool,
        }


@dataclass(frozen=True, slots=True)
class Server:
    """What the server said of itself. A mapping is empty where it may not be read.

    `refusal` is why it refuses to write, `configuration` is what CONFIG says of the append-only
    file, and `state` is what INFO says of memory, persistence and replicas.
    """

    refusal: ErrorReply | None
    configuration: Mapping[str, str]
    state: Mapping[str, Any]


def seen(client: Redis, partitions: int | None) -> Overview | None:
    """What is in Redis, or None when it does not answer."""
    try:
        return overview(client, partitions)
    except (RedisError, OSError):
        return None


def check(client: Redis, settings: Settings, journal: JournalProbe) -> Health:
    """Ask Redis and the journal. It takes six round trips to Redis, and less than a second when
    Redis is away.
    """
    try:
        server = ask(client)
        state = overview(client, settings.partitions)
        workers, web = at_work(client), at_web(client)
        owner = owner_of(client)
    except (RedisError, OSError) as error:
        return Health((HealthFinding("redis", f"Redis {what_failed(error)}"),))
    limit = BacklogLimit(settings.max_backlog_bytes, state.maxmemory)
    of_server = list(server_degraded(server, limit, allow_loss=settings.allow_loss))
    refusing = list(_refusing(server, state, limit, settings.redis_replicas))
    if not settings.allow_loss:
        refusing += [found for found in of_server if found.what == APPENDONLY]
    degraded = [
        *(found for found in of_server if found not in refusing),
        *engine_degraded(state),
        *plugins_degraded(workers, web),
    ]
    if failed := journal.error():
        degraded.append(
            HealthFinding("journal", f"it cannot be reached: {failed}; events are kept and wait")
        )
    elif owner and journal.journal_id and journal.journal_id != owner:
        refusing.append(HealthFinding("journal", OTHERS, ADVICE))
    return Health(tuple(refusing), tuple(degraded), state)


def ask(client: Redis) -> Server:
    """Ask the server about itself, in two round trips. Raises redis-py's errors."""
    pipeline = client.pipeline(transaction=False)
    # The probe is never there, so this writes nothing. But Redis looks first whether it may write,
    # and refuses where it is read-only or its disk or memory is full.
    pipeline.set(keys.PROBE, 1, xx=True)
    _ask_about(pipeline)
    try:
        write, configuration, state = pipeline.execute(raise_on_error=False)
        refusal = refusal_of(write) if isinstance(write, ResponseError) else None
    except NoPrimaryError as error:  # its connection has ended; over another one it may be read
        refusal = refusal_of(error)
        _ask_about(pipeline)
        configuration, state = pipeline.execute(raise_on_error=False)
    return Server(
        refusal=refusal or why_not_accepted(client),
        configuration=_texts(configuration) if isinstance(configuration, dict) else {},
        state=state if isinstance(state, dict) else {},
    )


def _ask_about(pipeline: Pipeline) -> None:
    pipeline.config_get("append*")
    pipeline.info("memory", "persistence", "replication")


def _texts(values: Mapping[Any, Any]) -> dict[str, str]:
    return {
        key.decode() if isinstance(key, bytes) else str(key): (
            value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
        )
        for key, value in values.items()
    }


def _refusing(
    server: Server, state: Overview, limit: BacklogLimit, replicas: int
) -> Iterator[HealthFinding]:
    if server.refusal:
        yield HealthFinding("redis", f"Redis refuses to write: {server.refusal}")
    elif state.backlog_bytes + ENTRY_OVERHEAD_BYTES >= limit.bytes:
        wait = number_of(state.backlog_bytes, "byte waits", "bytes wait")
        yield HealthFinding("backlog", f"{wait}; {limit.sentence}")
    count = int(server.state.get("connected_slaves", replicas))
    if not server.refusal and count < replicas:
        has = number_of(count, "replica")
        setting = NAMES["redis_replicas"]
        yield HealthFinding("replicas", f"Redis has {has}, and {setting} asks for {replicas}")


def server_degraded(
    server: Server, limit: BacklogLimit, *, allow_loss: bool
) -> Iterator[HealthFinding]:
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
    if appends(server.configuration, server.state) is False:
        yield HealthFinding(APPENDONLY, LOSES, ALLOWED_LOSS_ADVICE if allow_loss else LOSS_ADVICE)
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
    if state.left_out:
        names = sorted({handler.partition(".")[0] for handler in state.left_out})
        waiting = (f"{count} of {handler}" for handler, count in sorted(state.left_out.items()))
        yield HealthFinding(
            "left-out",
            f"runs wait whose plugin was left out: {', '.join(waiting)}",
            "see: comethooks plugins list; if it never comes back: comethooks plugins forget "
            + names[0],
        )
    if not state.scheduler_leads:
        yield HealthFinding("scheduler", "none leads: retries wait and nothing is deleted", start)
    elif not state.scheduler_works:
        yield HealthFinding(
            "scheduler",
            "it has done nothing for a minute: retries wait and nothing is deleted",
            "its log says why",
        )


def plugins_degraded(
    workers: Sequence[WorkerPlugins], web: Sequence[WorkerPlugins] = ()
) -> Iterator[HealthFinding]:
    """Which plugins get nothing, or are not the same everywhere, and which deciders are not asked.
    The text of an error is not told here: it may hold anything.
    """
    if sentences := [*not_running(workers), *not_running(web, WEB_PROCESSES)]:
        yield HealthFinding("plugins", ", ".join(sentences), "see: comethooks plugins list")
    if sentences := list(resting(web)):
        advice = "its log and comethooks_decision_failures_total say why"
        yield HealthFinding("deciders", ", ".join(sentences), advice)
