"""The keys of a deployment begin as its settings say."""

from collections.abc import Iterator

import pytest

from comethooks.workers.jobs.queues import DRAIN_QUEUE, open_queue
from comethooks.workers.settings.values import DEFAULT_PREFIX
from comethooks.workers.streams import keys
from tests.redis_server import RedisServer


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """The other tests of this process have the usual keys."""
    yield
    keys.begin_with(DEFAULT_PREFIX)


def all_keys() -> dict[str, str]:
    """Every name of the module that stands for a key."""
    fields = {"PREFIX", "DEFAULT_PREFIX", "TOLD_AT", "OLDEST_DUE_AT"}
    return {
        name: value
        for name, value in vars(keys).items()
        if name.isupper() and isinstance(value, str) and name not in fields
    }


class TestBeginWith:
    def test_every_key_gets_the_prefix(self) -> None:
        """None is forgotten, and the rest of each stays."""
        before = all_keys()
        keys.begin_with("staging:")
        assert all_keys() == {
            name: value.replace(DEFAULT_PREFIX, "staging:") for name, value in before.items()
        }
        assert keys.stream(3) == "staging:events:3"
        assert keys.lease(3) == "staging:lease:3"
        assert keys.progress(3) == "staging:progress:3"

    def test_it_may_be_said_again(self) -> None:
        """The last one counts, and the usual one is what there was before."""
        before = all_keys()
        keys.begin_with("a:")
        keys.begin_with("b:")
        assert keys.BACKLOG == "b:backlog"
        keys.begin_with(DEFAULT_PREFIX)
        assert all_keys() == before

    def test_queues_are_told_apart_too(self, redis_server: RedisServer) -> None:
        """RQ would otherwise give the workers of one deployment the jobs of the other."""
        client = redis_server.client()
        assert open_queue(DRAIN_QUEUE, client).name == "drain"
        keys.begin_with("staging:")
        assert open_queue(DRAIN_QUEUE, client).key == "rq:queue:staging:drain"
