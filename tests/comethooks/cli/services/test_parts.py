"""What is said of Redis when a command starts."""

import pytest
from structlog.testing import capture_logs

from comethooks.cli.services.parts import check_redis
from tests.application import MakeSettings
from tests.redis_server import RedisServer


class TestCheckRedis:
    @pytest.mark.parametrize(
        "appendonly, allowed, said", [("no", "0", True), ("no", "1", False), ("yes", "0", False)]
    )
    def test_a_server_that_keeps_nothing_is_told_as_an_error(
        self,
        make_settings: MakeSettings,
        own_redis_server: RedisServer,
        appendonly: str,
        allowed: str,
        said: bool,
    ) -> None:
        """Unless a setting says that this may be."""
        own_redis_server.client().config_set("appendonly", appendonly)
        settings = make_settings(REDIS_URL=own_redis_server.url, COMETHOOKS_ALLOW_LOSS=allowed)
        with capture_logs() as lines:
            check_redis(settings)
        told = [line for line in lines if line["event"] == "Redis keeps nothing"]
        assert [line["log_level"] for line in told] == (["error"] if said else [])
