"""Redis is away: what a process says of it, and how it waits."""

import logging
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from redis import Redis
from redis.exceptions import ConnectionError, OutOfMemoryError, RedisError, TimeoutError

from comethooks.workers import logs
from comethooks.workers.settings.addresses import masked_url
from comethooks.workers.streams import keys
from comethooks.workers.streams.refusals import why_unusable

AWAY = (ConnectionError, TimeoutError, OutOfMemoryError)
"""What is raised when Redis does not answer, or would not write."""
_RETRY_SECONDS = 0.1

log = structlog.get_logger()


def tell_waiting(url: str, error: BaseException) -> None:
    """Say which Redis is waited for, why, and who says more. The text of a connection's error holds
    no data of ours.
    """
    lacking = why_unusable(error)
    log.warning(
        "waiting for Redis",
        address=masked_url(url),
        reason=f"it {lacking}" if lacking else logs.one_line(error),
        hint="comethooks doctor",
    )


@contextmanager
def telling_when_silent(url: str, seconds: float) -> Iterator[None]:
    """Call Redis within this. When it raises, or has not ended after so many seconds, that is
    told. Redis' errors, and those of the connection, are not raised.
    """
    # A time-out is no limit for a name server that is silent: nothing interrupts that call. The
    # thread has ended when this returns, so the caller may fork.
    timer = threading.Timer(seconds, tell_waiting, (url, TimeoutError("no answer yet")))
    timer.start()
    try:
        yield
    except (RedisError, OSError) as error:
        if timer.is_alive():  # else it has been told
            tell_waiting(url, error)
    finally:
        timer.cancel()
        timer.join()


class RedisOutage(logging.Filter):
    """Whether Redis is away, as far as this process has noticed. Logs when that begins and when it
    ends.

    It is also a filter of RQ's loggers. So it notices when RQ does, and drops what RQ says of it:
    many words, for each way in which RQ then ends its work. RQ's warnings are dropped too. They are
    about jobs that failed or that nobody ended, and the drainer and the worker tell of those.
    """

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url
        self.noticed = False

    def begin(self, error: BaseException) -> None:
        """Note that a call of Redis has failed with this error."""
        if not self.noticed:
            self.noticed = True
            tell_waiting(self._url, error)

    def end(self) -> None:
        """Note that Redis has answered as it should."""
        if self.noticed:
            self.noticed = False
            log.info("Redis is back")

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether RQ may say that. RQ logs where it catches an error, but not always which one."""
        error = sys.exc_info()[1]
        if isinstance(error, AWAY):
            self.begin(error)
            return False
        return record.levelno >= logging.ERROR

    def wait(self, client: Redis, *, though_full: bool = False) -> bool:
        """Wait until the server would write; returns True then. With `though_full`, returns False
        when all that it lacks is memory.
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
