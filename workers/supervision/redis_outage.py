"""Redis away: what a worker process says of it, and how it waits."""

import logging
import sys
import time

import structlog
from redis import Redis
from redis.exceptions import (
    ConnectionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    TimeoutError,
)

from comethooks.workers import logs
from comethooks.workers.settings.addresses import masked_url
from comethooks.workers.streams import keys

AWAY = (ConnectionError, TimeoutError, OutOfMemoryError, ReadOnlyError)
"""What is raised when Redis does not answer, or would not write."""
_RETRY_SECONDS = 0.1

log = structlog.get_logger()


def tell_waiting(url: str, error: BaseException) -> None:
    """Say which Redis is waited for, why, and who says more. What redis-py raises of a connection
    holds no data.
    """
    log.warning(
        "waiting for Redis",
        address=masked_url(url),
        reason=logs.one_line(error),
        hint="comethooks doctor",
    )


class RedisOutage(logging.Filter):
    """Whether Redis is away, as far as this process has noticed. Says when that begins, and when it
    ends.

    As a filter of RQ's loggers it notices when RQ does, and keeps what RQ says of it to itself:
    many words, for each way in which RQ then ends its work. RQ's warnings are left out too; they
    are about jobs that failed, or that nobody ended, which both the drainer and the worker tell.
    """

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url
        self.noticed = False

    def begin(self, error: BaseException) -> None:
        """Redis has answered a call with this."""
        if not self.noticed:
            self.noticed = True
            tell_waiting(self._url, error)

    def end(self) -> None:
        """Redis has answered as it should."""
        if self.noticed:
            self.noticed = False
            log.info("Redis is back")

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether RQ may say that. It logs where it catches, but not always what."""
        error = sys.exc_info()[1]
        if isinstance(error, AWAY):
            self.begin(error)
            return False
        return record.levelno >= logging.ERROR

    def wait(self, client: Redis, *, though_full: bool = False) -> bool:
        """Return True once the server would write; `though_full`, return False when it only lacks
        memory.
        """
        while True:
            try:
                client.set(keys.PROBE, 1, xx=True)
            except (RedisError, OSError) as error:
                full = isinstance(error, OutOfMemoryError)
                if full and though_full:
                    return False
                self.begin(error)
                time.sleep(_RETRY_SECONDS)
            else:
                self.end()
                return True
