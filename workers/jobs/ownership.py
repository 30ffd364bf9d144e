"""Nothing is done with what is in Redis unless it is for this journal."""

from redis import Redis

from comethooks.workers.journal import OtherJournalError
from comethooks.workers.streams.owner import ADVICE, OTHERS, own


def require_ours(client: Redis, journal_id: str | None) -> None:
    """Have Redis remember this journal. Raises `OtherJournalError` when it remembers another one,
    and redis-py's errors.
    """
    if journal_id is not None and own(client, journal_id) != journal_id:
        raise OtherJournalError(f"{OTHERS}; {ADVICE}")
