"""What is said of free space."""

from pathlib import Path

import pytest

from comethooks.doctor.disks import check_disks, redis_dir, space
from tests.comethooks.doctor.findings import OK, WARNING, WRONG, by_check
from tests.redis_server import RedisServer

MB, GB = 10**6, 10**9


@pytest.mark.parametrize(
    "free, total, level",
    [
        (50 * GB, 100 * GB, OK),
        (10 * GB, 100 * GB, OK),
        (9 * GB, 100 * GB, WARNING),
        (900 * MB, 2 * GB, WARNING),
        (9 * GB, 1000 * GB, WRONG),
        (99 * MB, 200 * MB, WRONG),
        (0, 100 * GB, WRONG),
        (0, 0, WRONG),
    ],
)
def test_space_is_judged_by_bytes_and_by_share(free: int, total: int, level: object) -> None:
    """Under 10 % or 1 GB it is a warning, under 1 % or 100 MB wrong."""
    finding = space(Path("/data"), ["the database"], total=total, free=free)
    assert finding.level is level
    assert (finding.advice is None) is (level is OK)


def test_places_on_one_file_system_are_one_finding(tmp_path: Path) -> None:
    """Also those that are not there yet; they will be where their folder is."""
    found = by_check(
        check_disks({"the data directory": tmp_path, "the database": tmp_path / "not" / "yet"})
    )
    assert f"for the data directory, the database, at {tmp_path}" in found["disk.space"].detail


def test_where_a_server_of_this_machine_writes_is_asked_of_it(redis_server: RedisServer) -> None:
    """Unless it forbids that, or is elsewhere."""
    with redis_server.client() as client:
        assert redis_dir(client, redis_server.url) == redis_server.socket.parent
        assert redis_dir(client, "redis://redis.example.com:6379/0") is None


def test_a_server_that_forbids_it_is_not_looked_at(own_redis_server: RedisServer) -> None:
    """That is no failure."""
    with own_redis_server.client() as client:
        client.execute_command("ACL", "SETUSER", "default", "-config")
        assert redis_dir(client, own_redis_server.url) is None
