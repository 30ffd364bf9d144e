"""A spool on a disk that is full, since Redis, which is away for that, has filled it."""

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from comethooks.workers.spool.spool import Spool
from comethooks.workers.spool.spool_errors import SpoolFullError
from tests.workers.spool.spools import MAX_BYTES, numbers_in, spooled

SEGMENT = 64 * 1024


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """One of a megabyte; skips the test where mounting it is not permitted."""
    path = tmp_path / "disk"
    path.mkdir()
    try:
        command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(path)]
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("mounting a small disk is not permitted here")
    try:
        yield path
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)


def opened(disk: Path) -> Spool:
    return Spool.open(disk / "spool", max_bytes=MAX_BYTES, segment_bytes=SEGMENT)


def fill(disk: Path) -> Path:
    """Leave nothing of the disk."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    return ballast


def test_what_is_reserved_is_there_and_then_it_fails_before_the_answer(disk: Path) -> None:
    """What was appended is kept, whatever the disk does; and with room it goes on."""
    spool = opened(disk)
    spool.reserve()
    ballast = fill(disk)
    assert not spool.status().is_full
    kept = 0

    def append() -> None:
        nonlocal kept
        while True:
            spool.append([spooled(kept, body=b"x" * 1000)])
            kept += 1

    with pytest.raises(SpoolFullError, match="No space left"):
        append()
    assert kept * 1000 > 1.5 * SEGMENT
    assert numbers_in(spool) == list(range(kept))
    with pytest.raises(SpoolFullError):
        spool.reserve()
    assert spool.status().is_full  # so that readiness says it
    spool.close()
    again = opened(disk)
    assert numbers_in(again) == list(range(kept))
    ballast.unlink()
    assert not again.status().is_full
    again.append([spooled(kept)])
    assert numbers_in(again) == list(range(kept + 1))
