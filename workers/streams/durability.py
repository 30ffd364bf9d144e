"""Whether the server keeps what it is given when it ends."""

from collections.abc import Mapping
from typing import Any

from redis import Redis
from redis.exceptions import RedisError

from comethooks.workers.settings.names import NAMES

LOSES = "its append-only file is off: what was kept is lost when Redis ends"
LOSS_ADVICE = f"set appendonly yes in Redis, or {NAMES['allow_loss']}=1 if that may be"
ALLOWED_LOSS_ADVICE = f"that is what {NAMES['allow_loss']} says may be"


def appends(configuration: Mapping[str, str], state: Mapping[str, Any]) -> bool | None:
    """Whether the server writes an append-only file, by what CONFIG and INFO say of it; None when
    it says neither.
    """
    if "aof_enabled" in state:
        return bool(int(state["aof_enabled"]))
    if "appendonly" in configuration:
        return configuration["appendonly"] != "no"
    return None


def loses_all(client: Redis) -> bool:
    """Whether the server is known to keep nothing. One that says nothing is not suspected."""
    try:
        return appends({}, client.info("persistence")) is False
    except (RedisError, OSError, ValueError):
        return False
