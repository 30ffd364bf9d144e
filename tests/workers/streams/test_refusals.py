"""What is said of a server that refuses, which is not that it did not answer."""

import pytest
from redis import Redis
from redis.exceptions import RedisError

from comethooks.workers.streams import keys
from comethooks.workers.streams.accept import Streams
from comethooks.workers.streams.accepted import NotKeptError
from comethooks.workers.streams.connections import connect
from comethooks.workers.streams.refusals import refusal, rights, what_failed
from tests.redis_server import RedisServer
from tests.workers.streams.accepting import KEY, PROGRAMS, a_record, running

server = pytest.fixture(scope="module", params=PROGRAMS)(running)


def as_user(server: RedisServer, *rules: str) -> Redis:
    """A client that is a user with these rights."""
    server.client().execute_command("ACL", "SETUSER", "few", "reset", "on", ">secret", *rules)
    return connect(server.url.replace("unix://", "unix://few:secret@"))


def not_kept(client: Redis) -> str:
    """Why an event is not kept."""
    streams = Streams(client, partitions=4, duplicate_window=60, max_backlog_bytes=10**9)
    with pytest.raises(NotKeptError) as caught:
        streams.accept(a_record(), duplicate_key=KEY, has_time=True)
    return caught.value.reason


class TestUserWithFewRights:
    @pytest.mark.parametrize("command", ["evalsha", "xadd", "time"])
    def test_the_command_that_it_lacks_is_named_with_the_rights(
        self, server: RedisServer, command: str
    ) -> None:
        """Whether it stands by itself or in the script."""
        reason = not_kept(as_user(server, "~*", "+@all", f"-{command}"))
        assert reason == (
            f"Redis refuses: NOPERM, its user may not run {command.upper()};"
            f" its rights have to be {rights()}"
        )

    def test_keys_that_it_may_not_use_are_told(self, server: RedisServer) -> None:
        """The rights have the patterns."""
        reason = not_kept(as_user(server, "~other:*", "+@all"))
        assert "NOPERM, its user may not use one of the keys" in reason
        assert f"~{keys.PREFIX}*" in reason

    def test_the_rights_that_are_named_suffice(self, server: RedisServer) -> None:
        """An event is kept."""
        client = as_user(server, *rights().split())
        streams = Streams(client, partitions=4, duplicate_window=60, max_backlog_bytes=10**9)
        assert not streams.accept(a_record(), duplicate_key=KEY, has_time=True).duplicate


def test_a_server_that_wants_other_credentials_has_answered(server: RedisServer) -> None:
    """It says so."""
    as_user(server)
    with pytest.raises(RedisError) as caught:
        connect(server.url.replace("unix://", "unix://few:wrong@")).ping()
    assert what_failed(caught.value) == "wants other credentials"


def test_only_a_server_that_did_not_answer_is_said_not_to_have_answered() -> None:
    """By its name as in Python."""
    assert what_failed(ConnectionRefusedError()) == "did not answer: ConnectionRefusedError"


def test_a_code_that_nothing_is_known_of_is_named_alone() -> None:
    """Its text may quote anything."""
    assert str(refusal("WRONGTYPE Operation against a key")) == "WRONGTYPE"
    assert "maxmemory" in str(refusal("OOM command not allowed"))
