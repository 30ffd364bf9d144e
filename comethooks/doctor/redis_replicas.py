"""Redis on several machines: whether a fail-over would lose what was acknowledged, and whether
there would be one.
"""

from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any, cast

from redis import Redis
from redis.exceptions import RedisError, ResponseError

from comethooks.doctor.finding import Finding, Level
from comethooks.workers.settings.addresses import host_and_port
from comethooks.workers.settings.sentinel_urls import is_sentinel_url, parse_sentinel_url
from comethooks.workers.settings.settings import NAMES, Settings
from comethooks.workers.streams.connections import connect_beside
from comethooks.workers.streams.durability import appends
from comethooks.workers.streams.refusals import what_failed
from comethooks.workers.streams.servers.sentinels import Sentinels
from comethooks.workers.texts import number_of

REPLICAS = "redis.replicas"
COPIES = "redis.copies"
SENTINELS = "redis.sentinels"
SENTINEL_SECONDS = 2.0
FEWEST_SENTINELS = 3
"""Two cannot tell which of them is cut off."""

Address = tuple[str, int]


def check_replicas(client: Redis, settings: Settings) -> Iterator[Finding]:
    """What is known of the replicas of the server that `client` is of, and what the Sentinels say
    that the URL names. Raises redis-py's errors when the server itself does not answer.
    """
    if is_sentinel_url(settings.redis_url):
        yield from _sentinels(settings.redis_url)
    try:
        replicas = _replicas(client.info("replication"))
        configuration = cast(dict[str, str], client.config_get("min-replicas-*"))
    except ResponseError:  # not permitted: nothing is known of them
        return
    yield from _numbers(len(replicas), configuration, settings)
    if replicas and not settings.allow_loss:
        yield from _copies(client, replicas)


def _replicas(state: Mapping[str, Any]) -> list[Address]:
    """The replicas that are connected, by what INFO says."""
    found = [state.get(f"slave{number}") for number in range(int(state.get("connected_slaves", 0)))]
    return [(str(each["ip"]), int(each["port"])) for each in found if isinstance(each, Mapping)]


def _numbers(count: int, configuration: Mapping[str, str], settings: Settings) -> Iterator[Finding]:
    """Whether there are enough, and whether the primary stops writing when there are not."""
    wanted, setting = settings.redis_replicas, NAMES["redis_replicas"]
    if count < wanted:
        yield Finding(
            REPLICAS,
            Level.WRONG,
            f"{number_of(count, 'replica')}, and {setting} asks for {wanted}: events"
            " wait in the spool, if any",
            f"start more, or lower {setting}",
        )
        return
    if not count:
        if is_sentinel_url(settings.redis_url):
            yield Finding(
                REPLICAS, Level.WARNING, "no replica: nobody could be promoted", "start one"
            )
        return
    least = int(configuration.get("min-replicas-to-write") or 0)
    lag = int(configuration.get("min-replicas-max-lag") or 0)
    told = number_of(count, "replica")
    if least == 0 or lag == 0:
        off = "min-replicas-to-write" if least == 0 else "min-replicas-max-lag"
        yield Finding(
            REPLICAS,
            Level.WARNING,
            f"{told}, and {off} is 0: a promoted one may lack what was acknowledged, for as long as"
            " it had lost its primary",
            "set min-replicas-to-write 1 and min-replicas-max-lag 10",
        )
    elif wanted == 0:
        promoted = is_sentinel_url(settings.redis_url)
        yield Finding(
            REPLICAS,
            Level.WARNING if promoted else Level.OK,
            f"{told}, and {setting} is 0: a promoted one may lack what was acknowledged in the"
            " moment before",
            f"set {setting}=1" if promoted else None,
        )
    else:
        yield Finding(REPLICAS, Level.OK, f"{told}; an event is kept when {wanted} of them has it")


def _copies(client: Redis, replicas: list[Address]) -> Iterator[Finding]:
    """Whether a replica would keep what it has, once it is promoted."""
    lacking, unknown = [], []
    for host, port in replicas:
        place = host_and_port(host, port)
        try:
            with closing(connect_beside(client, host, port)) as replica:
                configuration = cast(dict[str, str], replica.config_get("append*"))
                writes = appends(configuration, replica.info("persistence"))
        except (RedisError, OSError) as error:
            unknown.append(f"{place} {what_failed(error)}")
            continue
        if writes is False:
            lacking.append(place)
    if lacking:
        unknown.insert(
            0, f"no append-only file on {', '.join(lacking)}: promoted, it keeps nothing at its end"
        )
        advice = "set appendonly yes and appendfsync always on every server"
        yield Finding(COPIES, Level.WRONG, "; ".join(unknown), advice)
    elif unknown:
        yield Finding(
            COPIES,
            Level.WARNING,
            f"not every replica could be asked: {', '.join(unknown)}",
            "let this machine reach them, or look there for appendonly yes",
        )
    else:
        yield Finding(COPIES, Level.OK, "every replica writes an append-only file")


def _sentinels(url: str) -> Iterator[Finding]:
    """Whether all of them answer, name the same primary, and are enough to promote another."""
    named = parse_sentinel_url(url)
    asker = Sentinels(named)
    silent, places, problems = [], {}, []
    for number, (host, port) in enumerate(named.hosts):
        place = host_and_port(host, port)
        try:
            found = asker.ask(
                "GET-MASTER-ADDR-BY-NAME", named.name, of=number, seconds=SENTINEL_SECONDS
            )
            if found:
                places[place] = host_and_port(found[0].decode(), int(found[1]))
                asker.ask("CKQUORUM", named.name, of=number, seconds=SENTINEL_SECONDS)
            else:
                problems.append(f"{place} knows no {named.name}")
        except ResponseError as error:
            problems.append(f"{place} says: {error}")
        except (RedisError, OSError) as error:
            silent.append(f"{place} {what_failed(error)}")
    if len(set(places.values())) > 1:
        problems += [f"{place} names {primary}" for place, primary in places.items()]
    count = number_of(len(named.hosts), "Sentinel")
    if problems:
        advice = "look at what its log says of the others"
        yield Finding(SENTINELS, Level.WRONG, ", ".join((*problems, *silent)), advice)
    elif silent:
        yield Finding(
            SENTINELS,
            Level.WARNING,
            f"{len(silent)} of {count} of no use: {', '.join(silent)}",
            "start it, or take it out of the URL",
        )
    else:
        few = len(named.hosts) < FEWEST_SENTINELS
        yield Finding(
            SENTINELS,
            Level.WARNING if few else Level.OK,
            f"{count} in the URL; {'they name' if len(named.hosts) > 1 else 'it names'}"
            f" {', '.join(set(places.values()))}",
            "name three, on machines of their own, or one that is away takes all with it"
            if few
            else None,
        )
