"""Whether what is in a spool belongs into a Redis: by the id of the journal that it all ends up in.

Every segment says which journal that was to be. A Redis that knows another one is another
deployment's, unless that journal has taken over from the one that was to be. One that knows none is
new, or has lost its data; or it is another deployment's that has just been made. Then the journal
of these settings is asked for its id, and where nobody can say, workers that come say whose it is.
"""

from contextlib import closing

from redis import Redis

from comethooks.workers.settings.settings import Settings
from comethooks.workers.streams.owner import own, owner_of, taken_over

UNKNOWN_REDIS = (
    "Redis does not know whose events it gets: it is new, or has lost its data, and workers of this"
    " deployment have to say so"
)


def belongs(client: Redis, settings: Settings, journal_id: str) -> bool | None:
    """Whether what was to end up in that journal may go to this Redis; None when nobody knows.
    Raises redis-py's errors.
    """
    found = owner_of(client)
    if not journal_id or found == journal_id:
        return True
    if found is not None:
        return journal_id in taken_over(client)
    if _own_journal(settings) != journal_id:
        return None
    return own(client, journal_id) == journal_id


def _own_journal(settings: Settings) -> str | None:
    # Receiving does without SQL, and a Redis that has lost its data is rare.
    from comethooks.workers.journal import Journal, JournalError, missing_file

    if missing_file(settings.database_url):
        return None
    try:
        with closing(Journal.open(settings.database_url)) as journal:
            return journal.identity()
    except JournalError:
        return None
