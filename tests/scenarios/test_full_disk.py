"""The journal's disk is full: answers go on, runs wait, and once there is room everything is done
once.
"""

import contextlib
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from comethooks.workers.processes import is_alive
from tests.redis_server import RedisServer
from tests.scenarios.judging import judge, waiting
from tests.scenarios.load import Poster, answers, rate
from tests.scenarios.stack import RECORDER, Stack
from tests.waiting import wait_for

SIZE = 8 * 2**20


class Disk:
    """A small disk of its own in memory, with a file that takes all that is left of it when asked
    to.
    """

    def __init__(self, path: Path) -> None:
        self._ballast = path / "ballast"

    def fill(self) -> None:
        """Leave no byte. What others give back for a moment is taken as well."""
        with self._ballast.open("ab", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(512))

    def make_room(self) -> None:
        """Give it back."""
        self._ballast.unlink()


@contextlib.contextmanager
def small_disk(path: Path) -> Iterator[Disk]:
    """A disk at a folder, until the block is left; skips the test where that is not permitted."""
    path.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(path)]
    try:
        subprocess.run(["mount", *options], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("mounting a small disk is not permitted here")
    try:
        yield Disk(path)
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seconds", [4.0, pytest.param(60.0, marks=pytest.mark.attack)])
def test_a_full_disk_is_waited_for_and_every_run_happens_once(
    own_redis_server: RedisServer, tmp_path: Path, seconds: float
) -> None:
    """All that a deployment keeps is on that disk but Redis: the journal, and the counters of the
    web process.
    """
    redis = own_redis_server.client()
    with small_disk(tmp_path / "data") as disk:
        stack = Stack(tmp_path, own_redis_server.url)
        stack.plugin("recorder", RECORDER)
        try:
            stack.make_tables()
            processes = [stack.start("worker", "--workers", "2"), stack.web()]
            posters = [Poster(stack, number, 10) for number in range(3)]
            for poster in posters:
                poster.start()
            wait_for(lambda: rate(posters) >= 10, "events are acknowledged")
            wait_for(lambda: stack.effects().lines, "events are handled")
            said = len(stack.log())
            disk.fill()
            since = time.monotonic()
            wait_for(lambda: waiting(redis) > 50, "streams grow")
            disk.fill()
            standing = len(stack.effects().lines)
            wait_for(lambda: time.monotonic() > since + seconds, "it lasts", seconds=seconds + 5)
            later = {event for poster in posters for _, event in list(poster.acknowledged)}
            assert len(stack.effects().lines) == standing
            until = time.monotonic()
            disk.make_room()
            took = wait_for(lambda: later <= stack.effects().ids, "everything is handled")
            for poster in posters:
                poster.stop()
            statuses = Counter(each.status for each in answers(posters, since, until))
            journal_lines = stack.log()[said:].count("the journal cannot be used")
            verdict = judge(stack, posters, redis)
            print(
                f"{dict(statuses)} meanwhile, {journal_lines} lines about it; handled {took:.1f} s"
                " afterwards"
            )
            print(verdict)
            assert set(statuses) == {200}
            assert journal_lines <= 4
            assert all(is_alive(process.pid) for process in processes)
            assert not verdict.lost
            assert not verdict.disordered
            assert not verdict.repeats
            assert not verdict.dead
        finally:
            stack.close()
