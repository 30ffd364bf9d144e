"""Whether Redis has, or had, what is in doubt: it was appended, perhaps, and the answer was lost.

The accept script knows its own repeat by the duplicate key. Where that lives no longer, as that of
an event without a time of its own does after a minute, whoever accepts the event again would have
it handled twice. So the streams are asked for its id, and then the journal, in this order: what a
drainer takes out of a stream is in the journal before.
"""

from collections.abc import Sequence
from contextlib import closing

import structlog
from redis.exceptions import RedisError

from comethooks.workers.clock import now_ms
from comethooks.workers.record import Kind
from comethooks.workers.settings.settings import Settings
from comethooks.workers.spool.spooled import Spooled
from comethooks.workers.streams.accept import Streams
from comethooks.workers.streams.accepted import TIMELESS_WINDOW_SECONDS
from comethooks.workers.streams.backlog import ids_waiting
from comethooks.workers.streams.layout import read_layouts
from comethooks.workers.streams.refusals import what_failed

MARGIN_SECONDS = 15
"""How long before the end of its key an event is asked for."""

log = structlog.get_logger()


class CannotAskError(Exception):
    """Nobody can say now. `reason` is why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Doubts:
    """Asks for events that are in doubt. Use it as long as Redis answers: then begin a new one."""

    def __init__(self, settings: Settings, streams: Streams) -> None:
        self._settings = settings
        self._streams = streams
        self._in_streams: set[str] | None = None

    def concern(self, request: Spooled) -> bool:
        """Whether one that is in doubt has to be asked for: its key may be gone. Refusals have none
        and need none, since nothing handles them.
        """
        if request.record.kind is not Kind.EVENT:
            return False
        window = (
            self._settings.duplicate_window if request.has_time else TIMELESS_WINDOW_SECONDS
        ) - MARGIN_SECONDS
        return now_ms() - request.record.received_at > window * 1000

    def known(self, requests: Sequence[Spooled]) -> set[str]:
        """The ids of those that are in the streams or in the journal. Raises `CannotAskError`."""
        asked = {each.record.id for each in requests if self.concern(each)}
        if not asked:
            return set()
        if self._in_streams is None:
            client = self._streams.client
            try:
                partitions = read_layouts(client, self._settings.partitions).numbers
                self._in_streams = ids_waiting(client, partitions)
            except (RedisError, OSError) as error:
                raise CannotAskError(f"Redis {what_failed(error)}") from None
        found = asked & self._in_streams
        return found | self._in_journal(asked - found)

    def _in_journal(self, asked: set[str]) -> set[str]:
        if not asked:
            return set()
        # Receiving does without SQL, and few outages need this.
        from comethooks.workers.journal import Journal, JournalError, missing_file

        url = self._settings.database_url
        if missing_file(url):
            # As on a host that has web processes alone: nobody here can ever say.
            log.warning(
                "events of the spool may be handled twice: no journal here", count=len(asked)
            )
            return set()
        try:
            with closing(Journal.open(url)) as journal:
                return journal.known_ids(asked)
        except JournalError as error:
            raise CannotAskError(
                f"the journal cannot be asked whether it has them: {type(error).__name__}"
            ) from None
