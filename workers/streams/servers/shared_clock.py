"""The clock that all hosts of a deployment go by: that of Redis, which keeps their leases by it.

Hosts whose clocks agree go by their own, so nothing depends on how quickly a server answers.
"""

import time

import structlog
from redis import Redis
from redis.exceptions import RedisError

from comethooks.workers import clock

AGREEING_SECONDS = 1.0
"""How far apart clocks may be that count as the same: as much as one with a time service may be."""
STRANGE_SECONDS = 3600.0
"""A clock that is further off is wrong, and nobody knows which of the two it is. Retention deletes
by what time it is: so a server must not turn it by a year.
"""

log = structlog.get_logger()


def follow_clock(client: Redis) -> int:
    """Go by the server's clock in this process, if this host's is another one; by how many
    nanoseconds it is ahead.

    Nothing changes while the server does not answer.
    """
    try:
        ahead = _ahead(client)
    except (RedisError, OSError):
        return clock.ahead_ns()
    followed = ahead if abs(ahead) <= STRANGE_SECONDS * 1e9 else 0
    if abs(ahead) < AGREEING_SECONDS * 1e9:
        followed = 0
    if bool(followed) != bool(clock.ahead_ns()):
        if followed:
            log.warning(
                "this host's clock is off; going by that of Redis", seconds=round(ahead / 1e9, 1)
            )
        else:
            log.info("this host's clock agrees with that of Redis")
    clock.follow(followed)
    return followed


def _ahead(client: Redis) -> int:
    """By how many nanoseconds the server is ahead, at least: the way to it takes time, too."""
    began = time.time_ns()
    seconds, microseconds = client.time()
    ended = time.time_ns()
    theirs = int(seconds) * 1_000_000_000 + int(microseconds) * 1000
    # It looked at its clock at some moment in between: what lies there differs by nothing.
    return theirs - began if theirs < began else max(0, theirs - ended)
