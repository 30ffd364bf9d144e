"""Which events have to do with a user: those that the user caused, and those of others that the
user is in.
"""

from collections.abc import Callable

from comethooks.schemas.forgotten_user import known_user, spellings
from comethooks.workers.journal import StoredEvent, names_user

_ANOTHER_NAME = "forgotten"
_ESCAPED = b"\\u"


def is_in(uid: str) -> Callable[[StoredEvent], bool]:
    """Whether a user is in an event: what forgetting the user would change."""
    user = known_user(uid, _ANOTHER_NAME)
    needles = [each.encode() for each in spellings(uid)]

    def found(event: StoredEvent) -> bool:
        if event.sender == uid:
            return True
        body = event.body or b""
        told = (event.conversation_id, *event.headers.values())
        # Nearly no body has the user in it, and to look into each takes twenty times as long.
        if not any(needle in body for needle in (*needles, _ESCAPED)) and not any(
            uid in each for each in told if each
        ):
            return False
        return names_user(event.record, user)

    return found
