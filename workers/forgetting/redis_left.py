"""What Redis keeps of a user: in what waits, in whatever else, and in its append-only file, which
has what was deleted until it is written anew.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from typing import Any, cast

from redis import Redis
from redis.exceptions import NoPermissionError, ResponseError

from comethooks.schemas.forgotten_user import ForgottenUser
from comethooks.workers.journal import names_user
from comethooks.workers.streams import backlog, keys
from comethooks.workers.streams.layout import read_layouts

_LOOK_SECONDS = 0.2
_PAGE = 200


class Rewritten(StrEnum):
    """What became of the append-only file."""

    DONE = "done"
    NO_LOG = "no log"
    NOT_ALLOWED = "not allowed"
    FAILED = "failed"


def waiting(client: Redis, user: ForgottenUser, app_id: str, *, before: int) -> int:
    """How many entries in the streams have to do with the user, of those received before then."""
    return sum(
        1
        for _, record in backlog.waiting(client, read_layouts(client).numbers)
        if record.received_at < before
        and record.app_id in (None, app_id)
        and names_user(record, user)
    )


def wait_until_journalled(
    client: Redis, user: ForgottenUser, app_id: str, *, before: int, seconds: float
) -> int:
    """Wait until nothing waits that has to do with the user, or it takes longer; what is left."""
    end = time.monotonic() + seconds
    while (left := waiting(client, user, app_id, before=before)) and time.monotonic() < end:
        if not client.zcard(keys.MEMBERS):  # nobody is there who would
            break
        time.sleep(_LOOK_SECONDS)
    return left


def rewrite_log(client: Redis, *, seconds: float) -> Rewritten:
    """Have the append-only file written anew, of what is there now, and wait for that."""
    try:
        if not _persistence(client).get("aof_enabled"):
            return Rewritten.NO_LOG
        end = time.monotonic() + seconds
        _wait_while(lambda: _is_rewriting(client), end)  # one that began before knows what is gone
        client.bgrewriteaof()
        if not _wait_while(lambda: _is_rewriting(client), end):
            return Rewritten.FAILED
        good = _persistence(client).get("aof_last_bgrewrite_status") == "ok"
        return Rewritten.DONE if good else Rewritten.FAILED
    except NoPermissionError:
        return Rewritten.NOT_ALLOWED
    except ResponseError as error:
        # Services that run Redis for others rename the command or do not have it.
        unknown = "unknown command" in str(error).lower()
        return Rewritten.NOT_ALLOWED if unknown else Rewritten.FAILED


def remains_in_redis(client: Redis, needles: Sequence[bytes], user: ForgottenUser) -> Counter[str]:
    """How many values name the user, by the kind of key."""
    found: Counter[str] = Counter()
    patterns = (f"{keys.PREFIX}*", "rq:*")
    seen: set[bytes] = set()
    for pattern in patterns:
        for key in client.scan_iter(match=pattern, count=1000):
            if key not in seen:
                seen.add(key)
                count = sum(_names(value, needles, user) for value in _values(client, key))
                if count + _names(key, needles, user):
                    found[_kind(key)] += count or 1
    return found


def _values(client: Redis, key: bytes) -> Iterator[Any]:
    """What a key holds, in pieces: bytes, since no client of ours decodes."""
    kind = client.type(key)
    if kind == b"string":
        yield client.get(key) or b""
    elif kind == b"hash":
        for item in client.hscan_iter(key, count=_PAGE):
            yield from item
    elif kind == b"zset":
        yield from (member for member, _ in client.zscan_iter(key, count=_PAGE))
    elif kind == b"set":
        yield from client.sscan_iter(key, count=_PAGE)
    elif kind == b"list":
        yield from client.lrange(key, 0, -1)
    elif kind == b"stream":
        yield from _entries(client, key)


def _entries(client: Redis, key: bytes) -> Iterator[bytes]:
    first = b"-"
    while entries := cast(
        "list[tuple[bytes, dict[bytes, bytes]]]", client.xrange(key, min=first, count=_PAGE)
    ):
        for _, fields in entries:
            yield b" ".join(fields.values())
        first = b"(" + entries[-1][0]


def _names(value: bytes, needles: Sequence[bytes], user: ForgottenUser) -> bool:
    if not any(needle in value for needle in needles):
        return False
    return user.names(value.decode("utf-8", "replace"))


def _kind(key: bytes) -> str:
    text = key.decode("utf-8", "replace")
    return text.removeprefix(keys.PREFIX).partition(":")[0]


def _persistence(client: Redis) -> dict[str, Any]:
    found: dict[str, Any] = client.info("persistence")
    return found


def _is_rewriting(client: Redis) -> bool:
    told = _persistence(client)
    return bool(told.get("aof_rewrite_in_progress") or told.get("aof_rewrite_scheduled"))


def _wait_while(is_so: Callable[[], bool], end: float) -> bool:
    while is_so():
        if time.monotonic() > end:
            return False
        time.sleep(_LOOK_SECONDS)
    return True
