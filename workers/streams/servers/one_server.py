"""Whether Redis is one server: what a call and its script touch has to be in one place.

A cluster, and a proxy before several servers, divide keys among these. Some refuse a call whose
keys are divided. Others send it where the first of them is: then a script looks for duplicates, and
writes what it makes up itself, where nobody else looks.
"""

from typing import Any

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError, TimeoutError
from redis.retry import Retry

from comethooks.workers.settings.addresses import masked_url
from comethooks.workers.streams import keys
from comethooks.workers.streams.connections import CONNECTION_LOST, code_of

CLUSTER = "a Redis Cluster, which is not supported"
PROXY = "a proxy that divides keys among servers, which is not supported"
SENTINEL = "a Sentinel, which keeps nothing"
ADVICE = (
    "the keys of one call lie in several slots, so set REDIS_URL to one server that is no cluster,"
    " with replicas if you like"
)
SENTINEL_ADVICE = (
    "write redis+sentinel://HOST:26379/NAME, with the name that it has for the primary"
)
_KEYS = 8
_OF_CLUSTERS = frozenset(("MOVED", "ASK", "CROSSSLOT", "CLUSTERDOWN", "TRYAGAIN"))
_UNKNOWN = ("unknown command", "unsupported", "not supported", "invalid request")
_MODES = {"cluster": (CLUSTER, ADVICE), "sentinel": (SENTINEL, SENTINEL_ADVICE)}


class SeveralServersError(Exception):
    """Redis is not one server. `what` says what it is, `advice` what to do."""

    def __init__(self, url: str, what: str, advice: str) -> None:
        self.what, self.advice = what, advice
        super().__init__(f"Redis at {masked_url(url)} is {what}; {advice}")


def require_one_server(client: Redis, url: str) -> None:
    """Raise `SeveralServersError` unless what answers at `url` is one server. What refuses for
    another reason is not suspected. Raises redis-py's `TimeoutError` when nothing answers in time.
    """
    found = what_it_is(client, url)
    if found is not None:
        raise SeveralServersError(url, *found)


def what_it_is(client: Redis, url: str) -> tuple[str, str] | None:
    """What Redis is if it is not one server, and what to do about it. Raises `TimeoutError`."""
    try:
        mode = str(client.info("server").get("redis_mode", ""))
        if mode in _MODES:
            return _MODES[mode]
        _ask_of_all(client)
    except ResponseError:
        return _refused(client)  # INFO may be what is not permitted
    except TimeoutError:
        raise  # whoever asks on would wait once more
    except CONNECTION_LOST as error:
        return (PROXY, ADVICE) if _hung_up(error) and _hangs_up(url) else None
    except (RedisError, ValueError):
        pass
    return None


def _refused(client: Redis) -> tuple[str, str] | None:
    try:
        _ask_of_all(client)
    except ResponseError as error:
        if code_of(error) in _OF_CLUSTERS:
            return CLUSTER, ADVICE
        text = str(error).lower()
        return (PROXY, ADVICE) if any(words in text for words in _UNKNOWN) else None
    except (RedisError, OSError):
        pass
    return None


def _ask_of_all(client: Redis) -> None:
    """Ask for keys in several slots at once, as we and RQ do, changing nothing."""
    names = [keys.stream(number) for number in range(_KEYS)]
    pipeline: Any = client.pipeline(transaction=True)
    pipeline.eval("return redis.call('TIME')", len(names), *names)
    pipeline.exists(*names)
    pipeline.execute()


def _hung_up(error: BaseException) -> bool:
    """Whether a connection ended that there was. Of what is away there may be many kinds of errors,
    and some take their time.
    """
    return "closed" in str(error).lower() or isinstance(error.__cause__, ConnectionResetError)


def _hangs_up(url: str) -> bool:
    """Whether what is at `url` is there, and hangs up on what it does not know, as some proxies do:
    even on the greeting of a client. One that is away does not answer now, either.
    """
    if not url.startswith(("redis://", "rediss://")):
        return False  # proxies listen on TCP
    kinds: Any = {"driver_info": None, "protocol": 2}
    with Redis.from_url(
        url, socket_connect_timeout=1.0, socket_timeout=1.0, retry=Retry(NoBackoff(), 0), **kinds
    ) as plain:
        try:
            if not plain.ping():
                return False
            _ask_of_all(plain)
        except CONNECTION_LOST:
            return _greets(plain)
        except RedisError:
            return False
    return False


def _greets(client: Redis) -> bool:
    try:
        return bool(client.ping())
    except (RedisError, OSError):
        return False
