"""What is said of Redis when a command starts."""

import shutil
from pathlib import Path

import pytest
from click import ClickException
from structlog.testing import capture_logs

from comethooks.cli.services.parts import check_redis
from tests.application import MakeSettings
from tests.redis_server import RedisServer, running_server
from tests.sentinels import SentinelProcess


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

    def test_a_cluster_is_refused_in_a_sentence(self, make_settings: MakeSettings) -> None:
        """Before anything is appended of which a part would be elsewhere."""
        program = shutil.which("redis-server")
        with running_server(program, options={"cluster-enabled": "yes"}) as server:
            settings = make_settings(REDIS_URL=server.url)
            with pytest.raises(ClickException) as refused:
                check_redis(settings)
        assert "is a Redis Cluster, which is not supported; " in refused.value.message

    def test_a_name_that_no_sentinel_knows_is_refused(
        self, make_settings: MakeSettings, tmp_path: Path
    ) -> None:
        """With the name. Sentinels that are away are waited for, as Redis is."""
        process = SentinelProcess(tmp_path, 7)
        url = f"redis+sentinel://127.0.0.1:{process.port}/other"
        check_redis(make_settings(REDIS_URL=url))
        try:
            process.start()
            with pytest.raises(ClickException) as refused:
                check_redis(make_settings(REDIS_URL=url))
        finally:
            process.kill()
        assert refused.value.message == (
            "REDIS_URL: Sentinel knows no primary with the name other; write the one that"
            " `sentinel monitor` has"
        )
