"""What `/readyz` and `/metrics` tell of the spool."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from comethooks.webhooks.app import create_app
from comethooks.workers.clock import now_ms
from comethooks.workers.settings.settings import Settings
from comethooks.workers.spool.places import user_of
from comethooks.workers.spool.spool import Spool
from comethooks.workers.spool.spool_errors import SpoolFullError
from tests.application import MakeSettings
from tests.redis_server import RedisServer
from tests.workers.spool.spools import spooled

MAX_BYTES = 100_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "spool of its own"


@pytest.fixture
def settings(make_settings: MakeSettings, redis_server: RedisServer, folder: Path) -> Settings:
    """Those of a host with a spool, wherever the tests run."""
    return make_settings(
        REDIS_URL=redis_server.url,
        COMETHOOKS_SPOOL_DIR=str(folder),
        COMETHOOKS_SPOOL_MAX_BYTES=str(MAX_BYTES),
    )


def hold(settings: Settings, folder: Path, count: int) -> None:
    """Have its spool hold so many requests, the first of which came ten seconds ago."""
    spool = Spool.open(folder, max_bytes=MAX_BYTES, user=user_of(settings))
    first = now_ms() - 10_000
    spool.append([spooled(first + number) for number in range(count)])
    spool.close()


def client(settings: Settings) -> FlaskClient:
    return create_app(settings).test_client()


def ready(settings: Settings) -> dict[str, Any]:
    answer = client(settings).get("/readyz")
    document: dict[str, Any] = json.loads(answer.data)
    assert document["ready"] is (answer.status_code == 200)
    return document


def details(findings: list[dict[str, str]], what: str) -> list[str]:
    return [each["detail"] for each in findings if each["what"] == what]


def test_while_redis_is_away_it_is_ready_and_spooling(
    make_settings: MakeSettings, settings: Settings, folder: Path, tmp_path: Path
) -> None:
    """An event is kept all the same; what is wrong with Redis is still named."""
    hold(settings, folder, 3)
    away = make_settings(
        REDIS_URL=f"unix://{tmp_path}/nothing.sock",
        COMETHOOKS_SPOOL_DIR=str(folder),
        COMETHOOKS_SPOOL_MAX_BYTES="1MB",
    )
    document = ready(away)
    assert document["ready"] is True
    assert details(document["degraded"], "redis")
    [detail] = details(document["degraded"], "spooling")
    assert detail.startswith("3 requests wait in the spool (")
    assert "the first for 1" in detail
    assert document["spool"]["records"] == 3
    assert document["spool"]["bytes"] > 0
    assert document["spool"]["oldest_seconds"] >= 10


def test_while_replicas_are_lacking_it_is_ready_and_names_them(
    make_settings: MakeSettings, redis_server: RedisServer, folder: Path
) -> None:
    """What too few of them have goes to the spool, too."""
    lacking = {"REDIS_URL": redis_server.url, "COMETHOOKS_REDIS_REPLICAS": "1"}
    document = ready(
        make_settings(COMETHOOKS_SPOOL_DIR=str(folder), COMETHOOKS_SPOOL_MAX_BYTES="1MB", **lacking)
    )
    assert document["ready"] is True
    assert details(document["degraded"], "replicas")
    assert ready(make_settings(COMETHOOKS_SPOOL_MAX_BYTES="0", **lacking))["ready"] is False


def test_a_full_spool_takes_nothing_so_it_is_not_ready(
    make_settings: MakeSettings, settings: Settings, folder: Path, tmp_path: Path
) -> None:
    """As long as Redis is away."""
    hold(settings, folder, 1)
    spool = Spool.open(folder, max_bytes=MAX_BYTES, user=user_of(settings))
    with suppress(SpoolFullError):
        while True:
            spool.append([spooled(now_ms(), body=b"x" * 5000)])
    spool.close()
    assert ready(settings)["ready"] is True
    away = make_settings(
        REDIS_URL=f"unix://{tmp_path}/nothing.sock",
        COMETHOOKS_SPOOL_DIR=str(folder),
        COMETHOOKS_SPOOL_MAX_BYTES=str(MAX_BYTES),
    )
    document = ready(away)
    assert document["ready"] is False
    assert details(document["refusing"], "redis")
    assert details(document["degraded"], "spooling")[0].endswith("and it is full")


def test_without_a_spool_it_is_not_ready_while_redis_is_away(
    make_settings: MakeSettings, tmp_path: Path
) -> None:
    """There is nothing that keeps an event then."""
    away = make_settings(
        REDIS_URL=f"unix://{tmp_path}/nothing.sock", COMETHOOKS_SPOOL_MAX_BYTES="0"
    )
    assert ready(away)["ready"] is False
    assert ready(away)["spool"] is None


def test_files_that_are_not_emptied_are_told(settings: Settings, folder: Path) -> None:
    """Their names are for those who may look at the host."""
    hold(settings, folder, 1)
    (folder / "000000000077.damaged").write_bytes(b"x")
    [detail] = details(ready(settings)["degraded"], "spool")
    assert detail == "1 file is not emptied; see: comethooks spool status"


def test_its_figures_are_metrics(settings: Settings, folder: Path) -> None:
    """How much waits, and how old it is."""
    hold(settings, folder, 3)
    text = client(settings).get("/metrics").data.decode()
    values = dict(line.split(" ") for line in text.splitlines() if line.startswith("comethooks_sp"))
    assert values["comethooks_spool_records"] == "3.0"
    assert float(values["comethooks_spool_bytes"]) > 0
    assert float(values["comethooks_spool_oldest_seconds"]) >= 10
