"""When an event of each app was last accepted.

The script that accepts an event notes it, so nothing is asked of SQL for it, and it is known while
drainers are behind. What clients and this service itself make says nothing of CometChat's webhooks,
and is not noted.
"""

from collections.abc import Iterable, Mapping

from redis import Redis

from comethooks.schemas import COMETCHAT, entry_for
from comethooks.workers.record import Kind, Record
from comethooks.workers.streams import keys
from comethooks.workers.texts import scrub

LONGEST = 255
"""Characters that are kept of the id of an app, as SQL keeps them."""


def heard_app(record: Record) -> str:
    """The app of which an event says that CometChat reaches us; empty when it says nothing so."""
    if record.kind is not Kind.EVENT or record.source != COMETCHAT:
        return ""
    is_of_cometchat = entry_for(record.trigger).is_of_cometchat
    return scrub(record.app_id or "")[:LONGEST] if is_of_cometchat else ""


def last_heard(client: Redis) -> dict[str, int]:
    """When an event of each app was last accepted, in milliseconds. Raises redis-py's errors."""
    return heard_in(client.hgetall(keys.HEARD))  # type: ignore[arg-type]


def heard_in(found: Mapping[bytes, bytes]) -> dict[str, int]:
    """The same, of what the hash holds."""
    return {app.decode(errors="replace"): int(at) for app, at in found.items()}


def remember(client: Redis, heard: Iterable[tuple[str, int]]) -> None:
    """Say when apps were heard of which Redis knows nothing: it may have been emptied. Raises
    redis-py's errors.
    """
    pipeline = client.pipeline(transaction=False)
    for app, at in heard:
        pipeline.hsetnx(keys.HEARD, app, str(at))
    pipeline.execute()
