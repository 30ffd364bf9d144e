"""Being the one process of several that does something: a lease in Redis."""

from redis import Redis

from comethooks.workers.streams import keys
from comethooks.workers.streams.scripts import lease_scripts


class Leader:
    """A candidate, `member`, for what only one may do. It asks again before each piece of work."""

    def __init__(self, client: Redis, member: str, *, ttl: float) -> None:
        self._member = member
        self._ttl_ms = int(ttl * 1000)
        self._elect = client.register_script(lease_scripts.ELECT)
        self._release = client.register_script(lease_scripts.RELEASE)

    def is_leader(self) -> bool:
        """Whether this one leads for the next `ttl` seconds. Raises redis-py's errors."""
        return bool(self._elect(keys=[keys.LEADER], args=[self._member, self._ttl_ms]))

    def resign(self) -> None:
        """Let another one lead at once."""
        self._release(keys=[keys.LEADER], args=[self._member])
